-- name: mine
-- One process at a time looks and tells; the others have no need to.
select 1 where pg_try_advisory_xact_lock(hashtext('ganzhi.overdue'))

-- name: overdue
-- What leaders take within a second or two, and nobody has taken for a minute; by the indexes on what is due.
select timer
from (
    select 'escalation' as timer, exists (
        select from escalation e
        join alert a on a.id = e.alert_id
        join chain c on c.code = e.chain
        where e.due_at <= now() - interval '1 minute' and a.handling not in ('closed', 'false_alarm', 'merged')) as late
    union all
    select 'fallback', exists (select from alert_fallback f where f.due_at <= now() - interval '1 minute')
                       and exists (select from consumer where fallback)
    union all
    select 'drills', exists (
        select from drill_alert l
        join drill t on t.id = l.drill_id
        where l.raised_at is null and l.error is null and l.due_at <= now() - interval '1 minute'
          and now() < t.ends_at and t.over_at is null)
        or exists (select from drill t where t.over_at is null and t.ends_at <= now() - interval '1 minute')
    union all
    select 'silences', exists (
        select from outbox o where o.state = 'quiet' and o.quiet_until <= now() - interval '1 minute')
        or exists (
        select from silence s
        join outbox o on o.silence_id = s.id and o.state = 'silenced'
        where s.to_at <= now() - interval '1 minute')
) timers
where late
