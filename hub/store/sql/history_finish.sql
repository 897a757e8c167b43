update import_progress set finished_at = clock_timestamp(), changed_at = clock_timestamp()
where digest = %(digest)s and finished_at is null
