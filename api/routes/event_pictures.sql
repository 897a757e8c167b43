-- name: picture
-- Of an event that the caller sees.
select p.why, p.content, p.file from event_picture p where p.event_id = %(id)s

-- name: of_alert
-- Events of the device and kind that the alert is about, while it lasted: those with a picture, or with a reason why not.
select e.id, e.ts, p.why, p.width, p.height, p.whole,
       case when c.event_id is not null then json_build_object(
           'why', clip_why(c.why, c.received_at), 'seconds', c.seconds, 'before_s', c.before_s, 'whole', c.whole)
       end as clip
from alert a
left join rule r on r.id = a.rule_id
join event e on e.device_id = a.device_id and e.kind = coalesce(a.event_kind, r.event_kind)
    and e.part is not distinct from alert_part(a.target)
join event_picture p on p.event_id = e.id
left join event_clip c on c.event_id = e.id
where a.id = %(id)s and e.ts >= a.opened_at and (a.cleared_at is null or e.ts <= a.cleared_at)
order by e.ts desc, e.id
limit %(most)s

-- name: there
select 1 as there from alert where id = %(id)s
