update credential set secret_hash = %(secret_hash)s, rotated_at = clock_timestamp()
where id = %(id)s and revoked_at is null
returning created_at, rotated_at
