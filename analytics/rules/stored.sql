-- name: active
-- Alerts whose condition has not ended, the newest of a rule and target last; of kinds without an end when their newest
-- event happened and how long it took, leaving out those that came too late to count. Times in microseconds. Levels are the
-- rule's own, whatever fusion holds them at.
select a.rule_id, coalesce(a.series_id, a.device_id),
       case when a.series_id is null then '/' || coalesce(alert_part(a.target), '') else '' end, a.id, a.title, r.event_kind,
       coalesce(f.own_level, a.level),
       coalesce(f.own_peak, a.peak_level), (extract(epoch from a.changed_at) * 1000000)::bigint,
       case when a.handling in ('closed', 'false_alarm', 'merged') then a.handling else '' end as ended,
       (extract(epoch from said.ts) * 1000000)::bigint,
       (extract(epoch from greatest(said.received_at - said.ts, interval '0')) * 1000000)::bigint
from alert a
join rule r on r.id = a.rule_id
left join alert_fused f on f.alert_id = a.id
left join lateral (
    select ts, received_at from event e
    where e.kind = r.event_kind and e.device_id = a.device_id and coalesce(e.part, '') = coalesce(alert_part(a.target), '')
      and e.state is distinct from 'inactive'
      and extract(epoch from e.received_at - e.ts) * 1000000
          <= case when e.kind = any (%(latching)s) then %(too_late)s else %(stale_after)s end
    order by ts desc, received_at desc limit 1
) said on r.event_kind = any (%(momentary)s)
where a.cleared_at is null
order by a.handling in ('closed', 'false_alarm', 'merged') desc, a.changed_at

-- name: cleared
-- When alerts of rules with an expression last cleared: later results are told after that.
select a.rule_id, a.series_id, (extract(epoch from max(a.cleared_at)) * 1000000)::bigint
from alert a
join rule r on r.id = a.rule_id
where a.cleared_at is not null and a.series_id is not null and r.expression is not null
group by a.rule_id, a.series_id

-- name: newest_events
-- By kind, device and part, in microseconds, the time at which the newest counts: its own, but not after its arrival; and that
-- of the newest end which counts. Ends that nobody told make nothing older (events.judge). From one device and part to the
-- next in the index, however many events there are.
with recursive known as (
    select k.kind, e.device_id, e.part, e.at
    from unnest(%(kinds)s::text[]) as k (kind)
    cross join lateral (
        select device_id, coalesce(part, '') as part, least(ts, received_at) as at from event where kind = k.kind
          and (state is distinct from 'inactive' or attributes ->> 'ended' is distinct from 'silent')
        order by device_id, coalesce(part, ''), least(ts, received_at) desc limit 1
    ) e
    union all
    select k.kind, e.device_id, e.part, e.at
    from known k
    cross join lateral (
        select device_id, coalesce(part, '') as part, least(ts, received_at) as at from event
        where kind = k.kind and (device_id, coalesce(part, '')) > (k.device_id, k.part)
          and (state is distinct from 'inactive' or attributes ->> 'ended' is distinct from 'silent')
        order by device_id, coalesce(part, ''), least(ts, received_at) desc limit 1
    ) e
)
select kind, device_id, part, false, (extract(epoch from at) * 1000000)::bigint from known
union all
select k.kind, k.device_id, k.part, true, (extract(epoch from e.at) * 1000000)::bigint
from known k
cross join lateral (
    select least(ts, received_at) as at from event
    where kind = k.kind and device_id = k.device_id and coalesce(part, '') = k.part and state = 'inactive'
      and attributes ->> 'ended' is distinct from 'silent'
      and (kind = any (%(latching)s) or extract(epoch from received_at - ts) * 1000000 <= %(stale_after)s::bigint)
    order by least(ts, received_at) desc limit 1
) e

-- name: lags
-- By how much the clock of the device of a series is slow, where a rule with a hold or clear time, or one on silence, watches
-- it. In microseconds.
with limited as materialized (select *, organisations_below(organisation) as organisations from rule)
select s.id, (-1000000 * seen.clock_offset_s)::bigint
from limited rule
join device d on d.profile_id = rule.profile_id
             and in_rule_scope(rule.organisations, rule.region, rule.tag, rule.devices, d.id, d.organisation, d.region, d.tags)
join series s on s.device_id = d.id and s.metric = rule.metric
join device_seen seen on seen.device_id = d.id
where rule.enabled and (rule.hold_s > 0 or rule.clear_s > 0 or rule.signal = 'silence') and seen.clock_offset_s < 0
group by s.id, seen.clock_offset_s

-- name: news
-- The snapshot of this look; the enabled rules that changed since the last one (hub/store/revision.py; at first: all) or
-- whose profile did, with what people call their metric; and the ids of all enabled rules, packed.
select pg_current_snapshot()::text,
       (select jsonb_agg(to_jsonb(c)) from (
           select r.id, r.code, r.version, r.profile_id, r.metric,
                  coalesce(p.metrics -> r.metric ->> 'name', r.metric) as label, r.direction, r.thresholds,
                  r.hysteresis, r.hold_s, r.clear_s, r.signal, r.tolerance, r.flagged, r.expression, r.stale_s, r.event_kind, r.event_level,
                  r.count, r.within_s, r.cooldown_s, r.schedule, p.category,
                  organisations_below(r.organisation) as organisations, r.region, r.tag, r.devices
           from rule r
           left join profile p on p.id = r.profile_id
           where r.enabled
             and (
                 not pg_visible_in_snapshot(r.revision, %(since)s::pg_snapshot)
                 and r.revision < pg_snapshot_xmax(pg_current_snapshot())
                 or not pg_visible_in_snapshot(p.revision, %(since)s::pg_snapshot)
                 and p.revision < pg_snapshot_xmax(pg_current_snapshot())
                 or %(first)s
             )
           order by r.id
       ) c),
       (select coalesce(string_agg(int4send(id), '' order by id), '') from rule where enabled)

-- name: raised
-- When the event counts that raised the last alert of each of these rules at a device, in microseconds: its own time, but
-- not after its arrival. Of one that a pause kept back, when the pause was over.
select l.rule_id, l.device_id, '/' || coalesce(alert_part(l.target), ''), (extract(epoch from coalesce(e.at, l.opened_at)) * 1000000)::bigint
from (
    select distinct on (a.rule_id, a.target) a.rule_id, a.target, a.device_id, a.opened_at, r.event_kind
    from alert a join rule r on r.id = a.rule_id
    where a.rule_id = any (%(rules)s::int[]) and a.device_id is not null
    order by a.rule_id, a.target, a.raised_at desc, a.opened_at desc
) l
left join lateral (
    select least(ts, received_at) as at from event
    where kind = l.event_kind and device_id = l.device_id and ts = l.opened_at
      and coalesce(part, '') = coalesce(alert_part(l.target), '')
    limit 1
) e on true

-- name: repeated
-- Events of kinds at devices that count from a time on, in microseconds, as they came. Where `most` is given, the newest so
-- many that a rule may count: active, and neither too late nor older than one that came before (events.judge).
select e.id, e.device_id, d.code, (extract(epoch from e.ts) * 1000000)::bigint,
       (extract(epoch from e.received_at) * 1000000)::bigint, e.kind, e.state, e.level,
       case when e.part is null and e.state is distinct from 'inactive' then '{}' else e.attributes end, e.untimed_id, e.part
from unnest(%(kinds)s::text[], %(devices)s::int[], %(parts)s::text[], %(since)s::bigint[], %(most)s::int[])
    as w (kind, device_id, part, since, most)
cross join lateral (
    select * from event n
    where n.kind = w.kind and n.device_id = w.device_id
      and n.ts >= timestamptz 'epoch' + w.since * interval '1 microsecond'
      and n.received_at >= timestamptz 'epoch' + w.since * interval '1 microsecond'
      and (coalesce(n.part, '') = w.part
           or w.most is null and n.state = 'inactive' and starts_with(w.part, coalesce(n.part || '/', '')))
      and (w.most is null
           or n.state is distinct from 'inactive'
              and extract(epoch from n.received_at - n.ts) * 1000000 <= %(stale_after)s::bigint
              and not exists (
                  select from event o
                  where o.kind = n.kind and o.device_id = n.device_id and coalesce(o.part, '') = coalesce(n.part, '')
                    and least(o.ts, o.received_at) > n.ts
                    and o.received_at < n.received_at
                    and (o.state is distinct from 'inactive' or o.attributes ->> 'ended' is distinct from 'silent')))
    order by least(n.ts, n.received_at) desc
    limit w.most
) e
join device d on d.id = e.device_id
order by e.received_at, e.ts

-- name: recent
-- The end of each series whose value a rule with a hold or clear time watches, as long as that: what may be pending is in there.
-- As far as the clock of the newest one was ahead, so far all are taken to have been. What waits to be judged is not in there.
with limited as materialized (select *, organisations_below(organisation) as organisations from rule),
held as materialized (
    select s.id, max(greatest(rule.hold_s, rule.clear_s)) as hold_s
    from limited rule
    join device d on d.profile_id = rule.profile_id
                 and in_rule_scope(rule.organisations, rule.region, rule.tag, rule.devices, d.id, d.organisation, d.region,
                                   d.tags)
    join series s on s.device_id = d.id and s.metric = rule.metric
    where rule.enabled and rule.signal = 'value' and rule.expression is null and not rule.flagged
      and (rule.hold_s > 0 or rule.clear_s > 0)
    group by s.id
)
select (extract(epoch from r.ts - (l.ts - coalesce(l.watermark, l.ts))) * 1000000)::bigint as at, r.series_id,
       r.value, r.quality
from held
join latest l on l.series_id = held.id
left join reordering_waiting w on w.series_id = held.id
left join lateral (
    select ts from reading
    where series_id = w.series_id and ts <= w.judged + w.ahead and quality & %(late)s = 0
    order by ts desc limit 1
) j on true
join reading r on r.series_id = held.id and r.ts >= coalesce(j.ts, l.ts) - make_interval(secs => held.hold_s)
    and r.ts <= coalesce(j.ts, l.ts) and (w.series_id is null or j.ts is not null)
order by series_id, at
