-- name: floods
-- Devices that flood, or are kept out for it (devices/floods.py); the newest first.
select d.code, f.refused, f.since, case when f.disabled_at is not null then f.disabled_until end
from device_flood f join device d on d.id = f.device_id
where f.last_at > now() - interval '1 minute' or (f.disabled_at is not null and f.disabled_until > now())
order by f.last_at desc
limit 20
