select d.code, d.name, p.code as profile, parent.code as parent, d.organisation, d.region, d.lon, d.lat,
       d.zone, d.tags, d.state, d.created_at
from device d
join profile p on p.id = d.profile_id
left join device parent on parent.id = d.parent_id
where (%(profile)s::text is null or p.code = %(profile)s)
  and (%(region)s::text is null or d.region ^@ %(region)s)
  and (%(parent)s::text is null or parent.code = %(parent)s)
  and (%(q)s::text is null or strpos(lower(d.code), lower(%(q)s)) > 0 or strpos(lower(d.name), lower(%(q)s)) > 0)
  and (%(after_code)s::text is null or d.code > %(after_code)s)
order by d.code
limit %(limit)s
