-- name: readings
-- The newest readings of a series before a time that count, at most so many, packed: time, value.
select string_agg(timestamptz_send(ts) || float8send(value), '')
from (
    select ts, value from reading
    where series_id = %(series)s and ts >= %(since)s and ts < %(until)s and quality & %(skip)s = 0
    order by ts desc
    limit %(most)s
) r
