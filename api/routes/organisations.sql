-- name: above
-- An organisation and all above it.
with recursive above (code) as (
    select code from organisation where code = %(code)s
    union
    select o.parent from above join organisation o on o.code = above.code where o.parent is not null
)
select code from above

-- name: organisation_put
-- Returns a row only when something was written.
insert into organisation (code, name, parent, region) values (%(code)s, %(name)s, %(parent)s, %(region)s)
on conflict (code) do update
set name = excluded.name,
    parent = case when %(has_parent)s then excluded.parent else organisation.parent end,
    region = case when %(has_region)s then excluded.region else organisation.region end
where organisation.name <> excluded.name
   or (%(has_parent)s and organisation.parent is distinct from excluded.parent)
   or (%(has_region)s and organisation.region is distinct from excluded.region)
returning xmax = 0 as created

-- name: organisations
select o.code, o.name, o.parent, o.region,
       (select count(*) from device d where d.organisation = o.code and d.state <> 'retired') as devices
from organisation o
where (%(code)s::text is null or o.code = %(code)s)
  and (%(q)s::text is null or strpos(lower(o.code), lower(%(q)s)) > 0 or strpos(lower(o.name), lower(%(q)s)) > 0)
  and (%(after_code)s::text is null or o.code > %(after_code)s)
order by o.code
limit %(limit)s
