-- name: events
select e.id, d.code as device, d.name as device_name, d.region, e.ts, e.received_at, e.kind, e.state,
       (array['blue', 'yellow', 'orange', 'red'])[e.level] as level, e.part, e.attributes,
       case when p.id is not null then json_build_object(
           'last_at', p.last_at, 'count', p.count, 'ended_at', p.ended_at, 'why', p.why) end as episode,
       case when i.event_id is not null then coalesce(i.why, 'stored') end as picture,
       case when c.event_id is not null then coalesce(clip_why(c.why, c.received_at), 'stored') end as clip
from event e
join device d on d.id = e.device_id
left join episode p on p.id = e.id
left join event_picture i on i.event_id = e.id
left join event_clip c on c.event_id = e.id
where (%(device)s::text is null or d.code = %(device)s)
  and (%(kind)s::text is null or e.kind = %(kind)s)
  and (%(region)s::text is null or d.region ^@ %(region)s)
  and (%(from)s::timestamptz is null or e.ts >= %(from)s)
  and (%(to)s::timestamptz is null or e.ts < %(to)s)
  and (%(after_ts)s::timestamptz is null or e.ts < %(after_ts)s or (e.ts = %(after_ts)s and e.id > %(after_id)s))
order by e.ts desc, e.id
limit %(limit)s
