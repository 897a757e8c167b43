-- name: session
-- What happened more than 30 days ago is not told any more.
select handed_over,
       case when lost_at > now() - interval '30 days' then lost_at end, lost_since,
       case when taken_over_at > now() - interval '30 days' then taken_over_at end
from mqtt_session where name = %(name)s
