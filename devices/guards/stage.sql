-- name: ends
-- When events told last that one is over, of the last day; in microseconds.
select device_id, coalesce(part, ''), kind, (extract(epoch from max(least(ts, received_at))) * 1000000)::bigint
from event
where kind = any (%(kinds)s) and state = 'inactive' and least(ts, received_at) > now() - interval '1 day'
group by device_id, coalesce(part, ''), kind

-- name: keep
-- Times in microseconds; of a device that is gone nothing is kept.
insert into guard_off as g (device_id, part, kind, since, over_at, told)
select n.device_id, n.part, n.kind, timestamptz 'epoch' + n.since * interval '1 microsecond',
       timestamptz 'epoch' + n.over * interval '1 microsecond', n.told
from unnest(%(devices)b::int[], %(parts)b::text[], %(kinds)b::text[], %(since)b::bigint[], %(over)b::bigint[],
            %(told)b::bool[]) as n (device_id, part, kind, since, over, told)
join device d on d.id = n.device_id
order by n.device_id, n.part, n.kind
on conflict (device_id, part, kind) do update
set since = excluded.since, over_at = excluded.over_at, told = excluded.told

-- name: open_alerts
-- With their devices and the parts of these.
select id, device_id, case when series_id is null then alert_part(target) end from alert
where device_id = any (%(devices)s::int[]) and cleared_at is null and origin = 'rule'
  and handling not in ('closed', 'false_alarm', 'merged')

-- name: states
-- Times in microseconds.
select device_id, part, kind, (extract(epoch from since) * 1000000)::bigint, (extract(epoch from over_at) * 1000000)::bigint,
       told
from guard_off
