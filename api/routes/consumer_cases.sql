-- name: there
select 'organisation' as what, code from organisation where code = any (%(organisation)s::text[])
union all
select 'area', code from area where code = any (%(area)s::text[])
union all
select 'system', code from outside_system where code = any (%(system)s::text[])
