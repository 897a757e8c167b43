select r.code, r.name, p.code as profile, r.metric, r.direction, r.thresholds, r.hysteresis, r.hold_s, r.event_kind,
       (array['blue', 'yellow', 'orange', 'red'])[r.event_level] as level, r.enabled
from rule r
left join profile p on p.id = r.profile_id
where (%(code)s::text is null or r.code = %(code)s)
  and (%(profile)s::text is null or p.code = %(profile)s)
  and (%(after_code)s::text is null or r.code > %(after_code)s)
order by r.code
limit %(limit)s
