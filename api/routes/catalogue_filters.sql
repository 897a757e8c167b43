-- name: near
-- Names of a kind, to suggest.
select code from organisation where %(what)s = 'organisation' union
select code from profile where %(what)s = 'profile' union
select category from profile where %(what)s = 'category' and category is not null
order by 1 limit 1000

-- name: refs
-- What a search names, as the ids by which it is looked up; null: the name is not known, or not given.
select (select array_agg(p.id) from profile p
        where (%(profile)s::text is null or p.code = %(profile)s)
          and (%(category)s::text is null or p.category = %(category)s)) as profiles,
       (select d.id from device d where d.code = %(parent)s) as parent,
       exists (select from organisation o where o.code = %(organisation)s) as organisation,
       exists (select from profile p where p.code = %(profile)s) as profile,
       exists (select from profile p where p.category = %(category)s) as category
