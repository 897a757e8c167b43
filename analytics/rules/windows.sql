-- name: days
select date, workday from calendar_day

-- name: works
-- Maintenance windows that are not long over, by their begin, in microseconds; of those that are not of one device, the
-- devices, packed.
select (extract(epoch from m.from_at) * 1000000)::bigint, (extract(epoch from m.to_at) * 1000000)::bigint, m.device_id,
       case when m.device_id is null then coalesce(
           (select string_agg(int4send(d.id), '' order by d.id) from device d where d.scope && array[m.reach]), '') end
from maintenance m
where m.to_at > now() - interval '2 days'
order by m.from_at, m.id
