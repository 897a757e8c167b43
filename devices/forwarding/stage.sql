-- name: any_target
select exists (select from forward_target where enabled and kind <> 'gb28181')

-- name: wanted
-- Of some devices: who gets their readings.
select d.id, p.category, t.id, t.kind, t.ceiling
from unnest(%(devices)s::int[]) as wanted (id)
join device d on d.id = wanted.id
join profile p on p.id = d.profile_id
join forward_target t on t.enabled and t.kind <> 'gb28181' and t.scope_key = any (d.scope)
    and (t.tag is null or has_tag(d.tags, t.tag))
order by t.id, d.id

-- name: add
-- What is there already stays: a frame that came again, or a batch whose commit is tried again.
insert into forward_report (target_id, device_id, ts, command, part, station_kind, packet, original, measured)
select r.target, r.device, r.ts, r.command, r.part, r.station_kind, r.packet, r.original, r.measured
from unnest(%(target)s::int[], %(device)s::int[], %(ts)s::timestamptz[], %(command)s::text[], %(part)s::text[],
            %(station_kind)s::text[], %(packet)s::text[], %(original)s::bytea[], %(measured)s::jsonb[])
    with ordinality as r (target, device, ts, command, part, station_kind, packet, original, measured, place)
order by r.place
on conflict (target_id, device_id, ts, command, part) do nothing
