-- name: consumers
-- Those that follow the log; one with other settings is followed anew.
select id, code, kind, settings::text
from consumer where enabled and kind = any (%(kinds)s) order by id

-- name: position
-- Where a consumer stands, and how it is told; none: it is switched off or deleted.
select p.cursor, c.owner, c.lang, c.ceiling
from alert_position p
join consumer c on c.id = p.consumer_id
where c.id = %(consumer_id)s and c.enabled

-- name: after
-- The changes after a position. Who gets a change is decided when it is committed, as for deliveries.
select cursor, alert_id, seq, kind, at, picture, coalesce(recipients, '{}') as recipients
from alert_change
where cursor > %(after)s
order by cursor
limit %(limit)s

-- name: move
-- Never backward: a leader that was cut off may still be confirming what its successor has confirmed before.
update alert_position
set cursor = greatest(cursor, %(cursor)s), moved_at = clock_timestamp(),
    failing_since = null, last_error = null, last_error_words = null
where consumer_id = %(consumer_id)s

-- name: failed
update alert_position
set failing_since = coalesce(failing_since, clock_timestamp()), last_error = %(reason)s, last_error_words = %(words)s
where consumer_id = %(consumer_id)s
