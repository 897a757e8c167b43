-- What the keys of counts are called.
select k.key, case %(by)s::text
                  when 'region' then (select r.name from region r
                                      where r.code = rpad(k.key, 12, '0')
                                        and r.valid_from <= current_date and current_date < r.valid_to)
                  when 'organisation' then (select o.name from organisation o where o.code = k.key)
                  else (select p.name from profile p where p.code = k.key) end as name
from unnest(%(keys)s::text[]) as k (key)
where k.key <> ''
