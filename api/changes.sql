-- name: after
-- Cursors rise in the order of commit: they are drawn under the lock of hub/alerts/apply.py, which ends with it.
select cursor, alert_id, seq, kind, at, picture
from alert_change
where cursor > %(after)s
order by cursor
limit %(limit)s

-- name: newest
select coalesce(max(cursor), 0) from alert_change
