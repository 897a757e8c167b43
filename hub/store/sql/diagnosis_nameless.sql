-- The newest dead letters of the last week whose topic names no device.
select address, reason, received_at
from dead_letter
where device is null and received_at > %(now)s::timestamptz - interval '7 days'
order by received_at desc
limit 200
