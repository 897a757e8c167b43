-- name: reading_retain
select drop_readings_before(now() - make_interval(days => %(days)s))
