-- name: waiting
select 1 from forward_report
where target_id = %(target)s and acknowledged_at is null and next_at <= clock_timestamp() limit 1

-- name: not_granted
-- Whose device is not granted any more, or is no channel: they are not told.
delete from forward_report r
where r.target_id = %(target)s and r.acknowledged_at is null and not exists (
    select from forward_grant g where g.target_id = r.target_id and g.device_id = r.device_id and g.channel is not null)

-- name: due
select r.id, g.channel, r.ts, r.measured, r.request_number, r.attempts, g.category, g.ceiling
from forward_report r
join forward_grant g on g.target_id = r.target_id and g.device_id = r.device_id
where r.target_id = %(target)s and r.acknowledged_at is null and r.request_number is not null
  and r.next_at <= clock_timestamp()
order by r.id
limit %(most)s

-- name: forget
delete from forward_report where id = any (%(ids)s)
