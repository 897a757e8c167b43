select o.code, o.name,
       (select count(*) from device d where d.organisation = o.code and d.state <> 'retired') as devices
from organisation o
where (%(code)s::text is null or o.code = %(code)s)
  and (%(q)s::text is null or strpos(lower(o.code), lower(%(q)s)) > 0 or strpos(lower(o.name), lower(%(q)s)) > 0)
  and (%(after_code)s::text is null or o.code > %(after_code)s)
order by o.code
limit %(limit)s
