-- name: told
-- What is stored, the newest.
select device_id, protocol, what, code, last_at from unmapped_code order by last_at desc limit %(most)s

-- name: unmapped
-- Codes that no table knows; of a device that is gone nothing is kept.
insert into unmapped_code as u (device_id, protocol, what, code, count, first_at, last_at, example)
select w.device, w.protocol, w.what, w.code, w.count, w.first, w.last, w.example
from unnest(%(devices)s::int[], %(protocols)s::text[], %(whats)s::text[], %(codes)s::text[], %(counts)s::int[],
            %(first)s::timestamptz[], %(last)s::timestamptz[], %(examples)s::text[])
    as w (device, protocol, what, code, count, first, last, example)
join device d on d.id = w.device
order by w.device, w.protocol, w.what, w.code
on conflict (device_id, protocol, what, code) do update
set count = u.count + excluded.count, last_at = greatest(u.last_at, excluded.last_at), example = excluded.example
