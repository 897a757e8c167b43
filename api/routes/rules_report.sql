-- name: report
-- Each rule with what came of it since a time, without drills; last_raised_at and the state count what there ever was.
with raised as (
    select a.rule_id, a.target, a.raised_at, a.peak_level, a.handling, coalesce(a.cause, 'unspecified') as cause,
           a.device_id,
           a.raised_at - lag(a.raised_at, 2) over (partition by a.rule_id, a.target order by a.raised_at)
               <= make_interval(secs => %(chatter_s)s) as chatters
    from alert a
    where a.raised_at >= %(since)s and a.drill_id is null and a.rule_id is not null
), counted as (
    select rule_id, count(*) as alerts, count(distinct target) as sources,
           count(*) filter (where handling = 'false_alarm') as false_alarms,
           count(distinct target) filter (where chatters) as chattering
    from raised group by rule_id
), causes as (
    select rule_id, jsonb_object_agg(cause, n) as causes
    from (select rule_id, cause, count(*) as n from raised where handling = 'false_alarm' group by rule_id, cause) c
    group by rule_id
), models as (
    select rule_id, jsonb_object_agg(code, n) as models
    from (select w.rule_id, m.code, count(*) as n
          from raised w join device d on d.id = w.device_id join profile m on m.id = d.profile_id
          where w.handling = 'false_alarm' group by w.rule_id, m.code) m
    group by rule_id
), flapping as (
    select rule_id, count(*) as n from rule_flap f
    where exists (select from device d where d.id = f.device_id) group by rule_id
)
select r.code, r.name, r.enabled, p.code as profile,
       coalesce(c.alerts, 0) as alerts, coalesce(c.sources, 0) as sources, coalesce(c.false_alarms, 0) as false_alarms,
       coalesce(f.causes, '{}') as causes, coalesce(m.models, '{}') as models,
       coalesce(c.chattering, 0) as chattering, coalesce(s.n, 0) as flapping, last.raised_at as last_raised_at,
       r.enabled and coalesce(last.raised_at < %(since)s, true)
           and (select min(v.at) < %(since)s from rule_version v where v.rule_id = r.id) as silent
from rule r
left join profile p on p.id = r.profile_id
left join counted c on c.rule_id = r.id
left join causes f on f.rule_id = r.id
left join models m on m.rule_id = r.id
left join flapping s on s.rule_id = r.id
left join lateral (
    select max(a.raised_at) as raised_at from alert a where a.rule_id = r.id and a.drill_id is null
) last on true
where (%(after_code)s::text is null or r.code > %(after_code)s)
order by r.code
limit %(limit)s
