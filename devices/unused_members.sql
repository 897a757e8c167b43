-- name: told
-- What is stored, the newest.
select device_id, name, last_at from device_unused order by last_at desc limit %(most)s

-- name: unused
-- Members of messages that were not used; of a device that is gone nothing is kept.
insert into device_unused as u (device_id, name, first_at, last_at)
select w.device, w.name, w.at, w.at
from unnest(%(devices)s::int[], %(names)s::text[], %(at)s::timestamptz[]) as w (device, name, at)
join device d on d.id = w.device
order by w.device, w.name
on conflict (device_id, name) do update set last_at = greatest(u.last_at, excluded.last_at)
