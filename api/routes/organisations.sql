-- name: organisation_put
-- Returns a row only when something was written.
insert into organisation (code, name) values (%(code)s, %(name)s)
on conflict (code) do update set name = excluded.name where organisation.name <> excluded.name
returning xmax = 0 as created

-- name: organisations
select o.code, o.name,
       (select count(*) from device d where d.organisation = o.code and d.state <> 'retired') as devices
from organisation o
where (%(code)s::text is null or o.code = %(code)s)
  and (%(q)s::text is null or strpos(lower(o.code), lower(%(q)s)) > 0 or strpos(lower(o.name), lower(%(q)s)) > 0)
  and (%(after_code)s::text is null or o.code > %(after_code)s)
order by o.code
limit %(limit)s
