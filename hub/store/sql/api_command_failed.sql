update command set state = 'failed', error = %(error)s, settled_at = clock_timestamp()
where id = %(id)s and settled_at is null
returning id
