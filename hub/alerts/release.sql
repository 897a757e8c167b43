-- name: notify
select pg_notify('ganzhi_alert', '')

-- name: over
-- What is kept back no longer from these consumers (null: from any); `lasts`: it is the newest that the consumer is owed of
-- an alert that lasts and whose handling has not ended.
with no_longer as (
    select o.id
    from silence s
    join outbox o on o.silence_id = s.id and o.state = 'silenced'
    where s.to_at <= now() and (%(consumers)s::int[] is null or o.consumer_id = any (%(consumers)s))
    union all
    select o.id
    from outbox o
    where o.state = 'quiet' and o.quiet_until <= now()
      and (%(consumers)s::int[] is null or o.consumer_id = any (%(consumers)s))
    union all
    -- Also from whom it keeps something back no longer: what was owed of it was given up, or what was told has fallen below
    -- it. Once for each that inhibits; what is red is kept back by nothing, so what told of orange keeps back all there is.
    select o.id
    from (select distinct inhibited_by as id from outbox where state = 'inhibited') inhibits
    left join alert above on above.id = inhibits.id
    cross join lateral (
        select coalesce(jsonb_object_agg(t.consumer, t.level), '{}') as levels from told_levels(above.id) t
    ) told
    join outbox o on o.inhibited_by = inhibits.id and o.state = 'inhibited'
    where (above.id is null or above.cleared_at is not null or above.handling in ('closed', 'false_alarm', 'merged')
           or (told.levels ->> o.consumer_id::text)::int is null
           or (told.levels ->> o.consumer_id::text)::int < 3 and exists (
               select from alert kept
               where kept.id = o.alert_id and kept.peak_level > (told.levels ->> o.consumer_id::text)::int))
      and (%(consumers)s::int[] is null or o.consumer_id = any (%(consumers)s))
    limit %(limit)s
)
select o.id, o.state, o.alert_id, o.consumer_id, a.level, h.kind, now() as now,
       a.cleared_at is null and a.handling not in ('closed', 'false_alarm', 'merged') and not exists (
           select from outbox newer
           where newer.consumer_id = o.consumer_id and newer.alert_id = o.alert_id and newer.seq > o.seq
       ) and not exists (
           select from alert_change newer
           where newer.alert_id = o.alert_id and newer.seq > o.seq and o.consumer_id = any (newer.grouped)
       ) as lasts
from outbox o
join alert_change h on h.id = o.change_id
join alert a on a.id = o.alert_id
where o.id in (select id from no_longer) and o.state in ('silenced', 'quiet', 'inhibited')
order by o.id
for update of o skip locked

-- name: settle
-- Who gets what was kept back from him is told of its alert.
with told as (
    insert into alert_told as t (alert_id, consumers)
    select o.alert_id, array_agg(distinct o.consumer_id)
    from unnest(%(ids)s::bigint[], %(states)s::text[]) as n (id, state)
    join outbox o on o.id = n.id
    where n.state = 'pending'
    group by o.alert_id
    on conflict (alert_id) do update
    set consumers = array(select distinct id from unnest(t.consumers || excluded.consumers) as id order by id)
)
update outbox o
set state = n.state,
    silence_id = coalesce(n.silence_id, o.silence_id), quiet_until = coalesce(n.quiet_until, o.quiet_until),
    inhibited_by = coalesce(n.inhibited_by, o.inhibited_by),
    next_at = now(),
    created_at = case when n.state = 'pending' then clock_timestamp() else o.created_at end,
    settled_at = case when n.state = 'given_up' then clock_timestamp() end,
    last_error = n.reason, last_error_words = n.words
from unnest(%(ids)s::bigint[], %(states)s::text[], %(reasons)s::text[], %(words)s::jsonb[], %(silence_id)s::uuid[],
            %(quiet_until)s::timestamptz[], %(inhibited_by)s::uuid[])
    as n (id, state, reason, words, silence_id, quiet_until, inhibited_by)
where o.id = n.id
