-- name: floods
-- Floods that began or go on; one that began anew replaces the device's row of before.
insert into device_flood as f (device_id, since, last_at, refused, disabled_at, disabled_until)
select device, since, last_at, refused,
       case when %(disable_s)s > 0 then last_at end, last_at + %(disable_s)s * interval '1 second'
from unnest(%(devices)s::int[], %(since)s::timestamptz[], %(last_at)s::timestamptz[], %(refused)s::bigint[])
    as w (device, since, last_at, refused)
order by device
on conflict (device_id) do update
set since = excluded.since, last_at = excluded.last_at, refused = excluded.refused,
    disabled_at = case when f.since = excluded.since then f.disabled_at else excluded.disabled_at end,
    disabled_until = excluded.disabled_until
