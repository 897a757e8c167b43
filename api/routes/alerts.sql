-- name: alert_changes
-- Newest first: an alert may have thousands.
select c.cursor, c.seq, c.kind, c.at, coalesce(c.actor, nullif(who.display_name, ''), who.name) as actor, c.note,
       c.note_words, c.details,
       (c.picture ->> 'level') as level, (c.picture ->> 'state') as state, (c.picture ->> 'value')::float8 as value
from alert_change c
left join principal who on who.id = c.principal
where c.alert_id = %(id)s and (%(after_seq)s::int is null or c.seq < %(after_seq)s)
order by c.seq desc
limit %(limit)s

-- name: alert_deliveries
-- Newest first.
-- Those that are told in a summary share its outcome; until it is made they wait.
with owed as (
    select o.consumer_id, o.seq, o.state, o.attempts, o.failure, o.last_error, o.last_error_words, o.said, o.why,
           o.took_ms, o.created_at, o.settled_at, o.next_at, null::uuid as summary,
           o.message_id, o.receipt, o.receipt_said, o.receipt_due, o.reached_at, o.repeats,
           case when o.state = 'inhibited' then (select above.id from alert above where above.id = o.inhibited_by) end
               as inhibited_by
    from outbox o
    where o.alert_id = %(id)s
    union all
    select g.id, h.seq, coalesce(s.state, 'grouped'), coalesce(s.attempts, 0), s.failure, s.last_error,
           s.last_error_words, s.said, null, s.took_ms, h.at, s.settled_at, s.next_at, s.alert_id,
           s.message_id, s.receipt, s.receipt_said, s.receipt_due, s.reached_at, coalesce(s.repeats, 0), null
    from alert_change h
    cross join lateral unnest(h.grouped) as g (id)
    left join outbox s on s.consumer_id = g.id and s.after_cursor < h.cursor and h.cursor <= s.until_cursor
    where h.alert_id = %(id)s and not exists (
        select from outbox o where o.consumer_id = g.id and o.alert_id = h.alert_id and o.seq = h.seq)
)
select c.code as consumer, o.seq, o.state, o.attempts, o.failure, o.last_error, o.last_error_words, o.said, o.why,
       o.took_ms, o.created_at, o.settled_at, o.message_id, o.receipt_said, o.reached_at, o.repeats,
       case when o.receipt = 'waiting' and o.receipt_due < clock_timestamp() then 'unproven' else o.receipt end as receipt,
       case when o.state = 'pending' then o.next_at end as next_at, o.summary, o.inhibited_by
from owed o
join consumer c on c.id = o.consumer_id
where (%(after_seq)s::int is null or (o.seq, c.code) < (%(after_seq)s, %(after_consumer)s))
order by o.seq desc, c.code desc
limit %(limit)s

-- name: alert_inhibitor
-- The alert of the device's parent that keeps this one back from somebody.
select above.id
from alert_change h
join outbox o on o.change_id = h.id and o.state = 'inhibited'
join alert above on above.id = o.inhibited_by
where h.alert_id = %(id)s
order by h.seq desc
limit 1

-- name: alert_attachments
select f.id, f.name, f.media_type, length(f.content) as size, f.added_at
from alert_attachment f
where f.alert_id = %(id)s
order by f.added_at, f.id

-- name: alert_is_there
select 1 as there from alert where id = %(id)s

-- name: cause
-- One that is in use.
select code, result, name_en, name_zh from alert_cause where code = %(code)s and in_use

-- name: few_alerts
-- Whether it is better to begin with the devices that the caller may see than with the newest alerts.
select scope_few_alerts(%(limit)s, %(active)s) as few

-- name: alerts
-- Active: the condition lasts and nobody has ended the case. `keys`, the caller's, where they reach few alerts: those are
-- found by their devices and by their own keys; what is seen of them is up to the view.
select a.id, a.seq, a.state, a.handling,
       case when a.cleared_at is null then 'active' else 'cleared' end as condition,
       (array['blue', 'yellow', 'orange', 'red'])[a.level] as level,
       (array['blue', 'yellow', 'orange', 'red'])[a.peak_level] as peak_level, a.title,
       a.origin, a.drill_id is not null as drill, a.target, r.code as rule, r.name as rule_name, a.rule_version,
       coalesce(r.event_kind, a.event_kind) as event_kind,
       d.code as device, d.name as device_name, coalesce(p.category, a.category) as category,
       who.name as assignee, a.cause, a.check_result, a.shelved_until, a.merged_into,
       (select m.incident_id from incident_member m where m.alert_id = a.id and m.separated_at is null) as incident,
       s.metric, p.metrics -> s.metric ->> 'name' as metric_name,
       case r.signal when 'score' then '1' when 'excess' then '1' when 'unshared' then '1' when 'gap' then 's' when 'silence' then 's' when 'flat' then 's'
            when 'rate' then (p.metrics -> s.metric ->> 'unit') || '/h'
            else case when r.expression is null then p.metrics -> s.metric ->> 'unit' end end as unit, coalesce(p.metrics -> s.metric, p.events -> r.event_kind) as names,
       r.direction, r.signal, r.expression, v.body -> 'guidance' as guidance, a.value, a.threshold, a.region,
       coalesce(a.lon, d.lon) as lon, coalesce(a.lat, d.lat) as lat,
       coalesce(d.organisation, a.organisation) as organisation, a.opened_at, a.cleared_at, a.changed_at, a.raised_at, a.updated_at,
       (select jsonb_build_object('chain', c.code, 'step', e.step, 'state', e.state, 'next_at', e.due_at, 'next_to',
                   case when e.due_at is null then '[]'
                        else c.steps -> least(e.step, jsonb_array_length(c.steps) - 1) -> 'consumers' end)
        from escalation e join chain c on c.code = e.chain where e.alert_id = a.id) as escalation
from alert a
left join rule r on r.id = a.rule_id
left join rule_version v on v.rule_id = a.rule_id and v.version = a.rule_version
left join device d on d.id = a.device_id
left join profile p on p.id = d.profile_id
left join principal who on who.id = a.assignee
left join series s on s.id = a.series_id
where (%(id)s::uuid is null or a.id = %(id)s)
  and (%(states)s::text[] is null or a.state = any (%(states)s))
  and (not %(active)s or (a.cleared_at is null and a.handling not in ('closed', 'false_alarm', 'merged')))
  and (%(min_level)s::int is null or a.level >= %(min_level)s)
  and (%(device)s::text is null or d.code = %(device)s)
  and (%(region)s::text is null or a.region ^@ %(region)s)
  and a.drill_id is distinct from %(rounds)s
  and (%(drill)s::boolean is null or %(drill)s = (a.drill_id is not null))
  and (%(shelved)s::boolean is null or %(shelved)s = coalesce(a.shelved_until > now(), false))
  and (%(assignee)s::text is null or lower(who.name) = lower(%(assignee)s))
  and (%(keys)s::text[] is null or a.device_id = any (array(select id from device))
       or (a.device_id is null and a.scope && %(keys)s::text[]))
  and (%(after_raised_at)s::timestamptz is null or a.raised_at < %(after_raised_at)s
       or (a.raised_at = %(after_raised_at)s and a.id > %(after_id)s))
order by a.raised_at desc, a.id
limit %(limit)s
