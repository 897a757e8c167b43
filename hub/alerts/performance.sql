-- name: performance
-- One row of counts over the alerts that were raised in a period, without those of drills.
with raised as materialized (
    select a.id, a.raised_at, a.peak_level as level, a.handling, a.cause, a.cleared_at, r.code as rule, a.target,
           p.code as model,
           (select min(c.at) from alert_change c where c.alert_id = a.id and c.kind = any (%(taken)s)) as taken_at,
           a.raised_at - lag(a.raised_at, 2) over (partition by a.rule_id, a.target order by a.raised_at)
               <= make_interval(secs => %(chatter_s)s) as chatters
    from alert a
    left join rule r on r.id = a.rule_id
    left join device d on d.id = a.device_id
    left join profile p on p.id = d.profile_id
    where a.raised_at >= %(from)s and a.raised_at < %(to)s and a.drill_id is null
      and (%(region)s::text is null or a.region ^@ %(region)s)
      and (%(area)s::text is null or '/@' || %(area)s = any (coalesce(d.area_keys, a.area_keys)))
      and (%(organisation)s::text is null or coalesce(d.organisation, a.organisation) = %(organisation)s)
      and (%(category)s::text is null or coalesce(p.category, a.category) = %(category)s)
      and (%(event_kind)s::text is null or coalesce(r.event_kind, a.event_kind) = %(event_kind)s)
), present as (
    select h.hour, bit_or(h.minutes) as anybody, sum(bit_count(h.minutes::bit(64)))::int as minutes
    from (
        select hour, principal_id,
               minutes & case when hour < %(from)s
                              then -1::bigint << extract(minute from %(from)s at time zone 'UTC')::int else -1 end
                       & case when hour + interval '1 hour' > %(to)s
                              then (1::bigint << extract(minute from %(to)s at time zone 'UTC')::int) - 1
                              else -1 end as minutes
        from desk_hour
        where hour > %(from)s - interval '1 hour' and hour < %(to)s
    ) h
    group by h.hour
), sources as (
    select rule, target, count(*) as alerts, coalesce(bool_or(chatters), false) as chatters
    from raised group by rule, target
), false_alarms as (
    select coalesce(cause, 'unspecified') as cause, coalesce(model, '') as model from raised where handling = 'false_alarm'
)
select (select count(*) from raised) as alerts,
       (select count(*) from raised a join present p on p.hour = date_trunc('hour', a.raised_at, 'UTC')
        where p.anybody >> extract(minute from a.raised_at at time zone 'UTC')::int & 1 = 1) as attended,
       (select coalesce(sum(minutes), 0) from present) as operator_minutes,
       (select count(distinct principal_id) from desk_hour
        where hour > %(from)s - interval '1 hour' and hour < %(to)s) as people,
       (select min(hour) from desk_hour) as recorded_from,
       (select coalesce(jsonb_agg(jsonb_build_array(minute, n) order by minute), '[]')
        from (select extract(epoch from date_trunc('minute', raised_at))::bigint / 60 as minute, count(*) as n
              from raised group by 1) m) as minutes,
       (select jsonb_object_agg(level, n) from (select level, count(*) as n from raised group by level) l) as levels,
       (select count(*) from sources) as sources,
       (select coalesce(jsonb_agg(to_jsonb(t) - 'chatters'), '[]')
        from (select * from sources order by alerts desc, rule, target limit 10) t) as top,
       (select count(*) from sources where chatters) as chattering,
       (select coalesce(jsonb_agg(to_jsonb(t) - 'chatters'), '[]')
        from (select * from sources where chatters order by alerts desc, rule, target limit 10) t) as chatterers,
       (select count(*) from raised where taken_at is null) as untaken,
       (select count(*) from raised where taken_at is null and cleared_at is null) as waiting,
       (select extract(epoch from percentile_disc(0.5) within group (order by taken_at - raised_at))::float8
        from raised) as taken_median_s,
       (select extract(epoch from percentile_disc(0.9) within group (order by taken_at - raised_at))::float8
        from raised) as taken_p90_s,
       (select extract(epoch from max(taken_at - raised_at))::float8 from raised) as taken_longest_s,
       (select count(*) from false_alarms) as false_alarms,
       (select coalesce(jsonb_agg(jsonb_build_object('cause', cause, 'alerts', n) order by n desc, cause), '[]')
        from (select cause, count(*) as n from false_alarms group by cause) c) as false_by_cause,
       (select coalesce(jsonb_agg(to_jsonb(m) order by m.false_alarms desc, m.model), '[]')
        from (select coalesce(model, '') as model, count(*) as alerts,
                     count(*) filter (where handling = 'false_alarm') as false_alarms
              from raised group by 1 having count(*) filter (where handling = 'false_alarm') > 0
              order by 3 desc, 1 limit 20) m) as false_by_model

-- name: stale
-- Alerts whose condition lasted at a moment, and had for a day.
select count(*) as stale
from alert a
left join rule r on r.id = a.rule_id
left join device d on d.id = a.device_id
left join profile p on p.id = d.profile_id
where a.raised_at <= %(to)s - interval '1 day' and (a.cleared_at is null or a.cleared_at > %(to)s)
  and a.drill_id is null
  and (%(region)s::text is null or a.region ^@ %(region)s)
  and (%(area)s::text is null or '/@' || %(area)s = any (coalesce(d.area_keys, a.area_keys)))
  and (%(organisation)s::text is null or coalesce(d.organisation, a.organisation) = %(organisation)s)
  and (%(category)s::text is null or coalesce(p.category, a.category) = %(category)s)
  and (%(event_kind)s::text is null or coalesce(r.event_kind, a.event_kind) = %(event_kind)s)
