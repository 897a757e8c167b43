-- The enabled rules, and what people call their metric.
select r.id, r.code, r.profile_id, r.metric, coalesce(p.metrics -> r.metric ->> 'name', r.metric) as label,
       r.direction, r.thresholds, r.hysteresis, r.hold_s, r.event_kind, r.event_level
from rule r
left join profile p on p.id = r.profile_id
where r.enabled
order by r.id
