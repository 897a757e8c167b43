-- name: status_put
insert into device_status (device_id, online, at)
select * from unnest(%(device_id)s::int[], %(online)s::boolean[], %(at)s::timestamptz[])
on conflict (device_id) do update set online = excluded.online, at = excluded.at
where device_status.at < excluded.at

-- name: status_retained
-- Of devices of which nothing was ever heard. The time is the oldest one: whatever is heard was said later.
insert into device_status (device_id, online, at)
select n.device_id, n.online, 'epoch'
from unnest(%(device_id)s::int[], %(online)s::boolean[]) as n (device_id, online)
where not exists (select from device_seen s where s.device_id = n.device_id)
on conflict (device_id) do update set online = excluded.online
where device_status.at = 'epoch' and device_status.online <> excluded.online
