-- What a search names, as the ids by which it is looked up; null: the name is not known, or not given.
select (select array_agg(p.id) from profile p
        where (%(profile)s::text is null or p.code = %(profile)s)
          and (%(category)s::text is null or p.category = %(category)s)) as profiles,
       (select d.id from device d where d.code = %(parent)s) as parent,
       exists (select from organisation o where o.code = %(organisation)s) as organisation,
       exists (select from profile p where p.code = %(profile)s) as profile,
       exists (select from profile p where p.category = %(category)s) as category
