-- name: add_line
insert into drill_alert (drill_id, number, alert_id, due_at, device_id, region, organisation, category, event_kind, lon, lat,
                         level, title)
values (%(drill_id)s, %(number)s, %(alert_id)s, %(due_at)s, %(device_id)s, %(region)s, %(organisation)s, %(category)s,
        %(event_kind)s, %(lon)s, %(lat)s, %(level)s, %(title)s)

-- name: lines
select l.number, l.alert_id as alert, l.title, (array['blue', 'yellow', 'orange', 'red'])[l.level] as level,
       d.code as device, l.region, l.organisation, l.category, l.event_kind, l.lon, l.lat, l.due_at, l.raised_at, l.error
from drill_alert l
left join device d on d.id = l.device_id
where l.drill_id = %(id)s
order by l.number

-- name: organisation
select code from organisation where code = %(code)s

-- name: unknown_region
-- A row where divisions are known and this is none of them.
select where exists (select from region) and not exists (select from region where code = %(code)s)
