-- name: due
-- What exercises raise now.
select l.alert_id, l.due_at, l.device_id, l.region, l.organisation, l.category, l.event_kind, l.lon, l.lat, l.level,
       l.title, l.drill_id
from drill_alert l
join drill t on t.id = l.drill_id
where l.raised_at is null and l.error is null and l.due_at <= now() and now() < t.ends_at and t.over_at is null
order by l.due_at, l.drill_id, l.number
limit %(limit)s

-- name: failed
-- The first that is due.
update drill_alert set error = %(error)s
where (drill_id, number) = (
    select l.drill_id, l.number
    from drill_alert l
    join drill t on t.id = l.drill_id
    where l.raised_at is null and l.error is null and l.due_at <= now() and now() < t.ends_at and t.over_at is null
    order by l.due_at, l.drill_id, l.number
    limit 1)
returning alert_id, drill_id

-- name: raised
update drill_alert set raised_at = clock_timestamp() where alert_id = any (%(alerts)s) and raised_at is null

-- name: ended
-- What has ended and is to be finished; and what is over while an alert of it is active: it would hold its target.
select id, kind from drill t
where t.ends_at <= now()
  and (t.over_at is null
       or exists (select from alert a where a.drill_id = t.id
                  and a.cleared_at is null and a.handling not in ('closed', 'false_alarm', 'merged')))
order by t.ends_at

-- name: left
-- What is left of a drill, under the lock of alerts: what nobody has ended, and what a desk has ended while it lasts. Of a
-- kind of event without an end of its own the desk's word is enough, and so it is where another alert is active there.
select a.id, a.handling, a.cleared_at is null and a.origin = 'rule' as lasts
from alert a
join drill t on t.id = a.drill_id
left join rule r on r.id = a.rule_id
where a.drill_id = %(drill)s and a.id <> all (%(settled)s::uuid[])
  and (a.handling not in ('closed', 'false_alarm')
       or t.over_at is null and a.cleared_at is null and a.origin = 'rule'
          and coalesce(r.event_kind, '') <> all (%(momentary)s)
          and not exists (select from alert other
                          where other.rule_id = a.rule_id and other.target = a.target and other.cleared_at is null
                            and other.handling not in ('closed', 'false_alarm', 'merged')))
order by a.id
limit %(limit)s

-- name: real
update proof_test set real_at = clock_timestamp() where alert_id = any (%(alerts)s)

-- name: over
with devices as (
    update drill_device set over = true where drill_id = %(drill)s
)
update drill set over_at = coalesce(over_at, clock_timestamp()) where id = %(drill)s
