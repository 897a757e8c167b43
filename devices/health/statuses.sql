-- name: status_put
-- Only what changes something: a broker says again what it retains whenever somebody subscribes.
insert into device_status (device_id, online, at)
select n.device_id, n.online, n.at
from unnest(%(device_id)s::int[], %(online)s::boolean[], %(at)s::timestamptz[]) as n (device_id, online, at)
left join device_status s on s.device_id = n.device_id
where s.device_id is null or (s.online <> n.online and s.at < n.at)
on conflict (device_id) do update set online = excluded.online, at = excluded.at
where device_status.online <> excluded.online and device_status.at < excluded.at
