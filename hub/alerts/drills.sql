-- name: due
-- What exercises raise now.
select l.alert_id, l.due_at, l.device_id, l.region, l.organisation, l.category, l.event_kind, l.lon, l.lat, l.level,
       l.title, l.drill_id
from drill_alert l
join drill t on t.id = l.drill_id
where l.raised_at is null and l.due_at <= now() and now() < t.ends_at and t.over_at is null
order by l.due_at, l.drill_id, l.number
limit %(limit)s

-- name: raised
update drill_alert set raised_at = clock_timestamp() where alert_id = any (%(alerts)s) and raised_at is null

-- name: ended
select id, kind from drill where ends_at <= now() and over_at is null order by ends_at

-- name: left
-- What is left of a drill, under the lock of alerts: what nobody has ended, and what a desk has ended while it lasts. Of a
-- kind of event without an end of its own the desk's word is enough.
select a.id, a.handling, a.cleared_at is null and a.origin = 'rule' as lasts
from alert a
left join rule r on r.id = a.rule_id
where a.drill_id = %(drill)s
  and (a.handling not in ('closed', 'false_alarm')
       or a.cleared_at is null and a.origin = 'rule' and coalesce(r.event_kind, '') <> all (%(momentary)s))
order by a.id
limit %(limit)s

-- name: real
update proof_test set real_at = clock_timestamp() where alert_id = any (%(alerts)s)

-- name: over
with devices as (
    update drill_device set over = true where drill_id = %(drill)s
)
update drill set over_at = clock_timestamp() where id = %(drill)s
