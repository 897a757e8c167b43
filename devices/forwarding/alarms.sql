-- name: any_platform
select exists (select from forward_target where enabled and kind = 'gb28181')

-- name: granted
select device_id, target_id, category, ceiling from forward_grant
where device_id = any (%(devices)s::int[]) and channel is not null
order by target_id, device_id

-- name: add
-- Once for each event, also where the batch is committed again, or the event is replaced. An exercise says so.
insert into forward_report (target_id, device_id, ts, command, part, measured)
select r.target, r.device, r.ts, 'Alarm', r.part,
       case when exists (
           select from drill_device t join drill d on d.id = t.drill_id
           where t.device_id = r.device and not t.over and now() between d.begins_at and d.ends_at)
       then jsonb_set(r.alarm, '{text}', to_jsonb('演练 ' || (r.alarm ->> 'text'))) else r.alarm end
from unnest(%(target)s::int[], %(device)s::int[], %(ts)s::timestamptz[], %(part)s::text[], %(alarm)s::jsonb[])
    with ordinality as r (target, device, ts, part, alarm, place)
where not exists (
    select from forward_report known
    where known.target_id = r.target and known.device_id = r.device and known.command = 'Alarm' and known.part = r.part)
order by r.place
on conflict (target_id, device_id, ts, command, part) do nothing
