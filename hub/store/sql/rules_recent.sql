-- The end of each series that a rule with a hold time watches, as long as that hold: what may be pending is in there.
select (extract(epoch from r.ts) * 1000000)::bigint, r.series_id, r.value, r.quality
from (
    select s.id, max(rule.hold_s) as hold_s
    from rule
    join device d on d.profile_id = rule.profile_id
    join series s on s.device_id = d.id and s.metric = rule.metric
    where rule.enabled and rule.hold_s > 0
    group by s.id
) held
join latest l on l.series_id = held.id
join reading r on r.series_id = held.id and r.ts >= l.ts - make_interval(secs => held.hold_s)
order by r.series_id, r.ts
