update import_progress
set position = %(position)s, line = %(line)s, readings = %(readings)s, stored = stored + %(new)s, bad = %(bad)s,
    changed_at = clock_timestamp()
where digest = %(digest)s and position = %(before)s and finished_at is null
