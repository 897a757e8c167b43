select p.code, p.name, p.metrics, p.max_future_s,
       (select count(*) from device d where d.profile_id = p.id) as devices
from profile p
where (%(code)s::text is null or p.code = %(code)s)
  and (%(after_code)s::text is null or p.code > %(after_code)s)
order by p.code
limit %(limit)s
