-- name: alert_changes
select cursor, seq, kind, at, actor, note, (picture ->> 'level') as level, (picture ->> 'state') as state,
       (picture ->> 'value')::float8 as value
from alert_change
where alert_id = %(id)s
order by seq

-- name: alert_deliveries
select c.code as consumer, o.seq, o.state, o.attempts, o.failure, o.last_error, o.last_error_words, o.said,
       o.took_ms, o.created_at, o.settled_at,
       case when o.state = 'pending' then o.next_at end as next_at
from outbox o
join consumer c on c.id = o.consumer_id
where o.alert_id = %(id)s
order by o.seq, c.code

-- name: alerts
-- Active: the condition lasts and nobody has ended the case.
select a.id, a.seq, a.state, a.handling,
       case when a.cleared_at is null then 'active' else 'cleared' end as condition,
       (array['blue', 'yellow', 'orange', 'red'])[a.level] as level,
       (array['blue', 'yellow', 'orange', 'red'])[a.peak_level] as peak_level, a.title,
       r.code as rule, r.name as rule_name, r.event_kind, d.code as device, d.name as device_name,
       s.metric, p.metrics -> s.metric ->> 'name' as metric_name,
       p.metrics -> s.metric ->> 'unit' as unit, coalesce(p.metrics -> s.metric, p.events -> r.event_kind) as names,
       r.direction, a.value, a.threshold, a.region, d.lon, d.lat,
       d.organisation, a.opened_at, a.cleared_at, a.changed_at, a.raised_at, a.updated_at
from alert a
join rule r on r.id = a.rule_id
join device d on d.id = a.device_id
join profile p on p.id = d.profile_id
left join series s on s.id = a.series_id
where (%(id)s::uuid is null or a.id = %(id)s)
  and (%(states)s::text[] is null or a.state = any (%(states)s))
  and (not %(active)s or (a.cleared_at is null and a.handling not in ('closed', 'false_alarm', 'merged')))
  and (%(min_level)s::int is null or a.level >= %(min_level)s)
  and (%(device)s::text is null or d.code = %(device)s)
  and (%(region)s::text is null or a.region ^@ %(region)s)
  and (%(after_raised_at)s::timestamptz is null or a.raised_at < %(after_raised_at)s
       or (a.raised_at = %(after_raised_at)s and a.id > %(after_id)s))
order by a.raised_at desc, a.id
limit %(limit)s
