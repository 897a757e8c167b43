-- name: consumer
select code from consumer where case_system = %(code)s limit 1

-- name: delete
delete from outside_system where code = %(code)s

-- name: organisation
select code from organisation where code = %(code)s

-- name: put
insert into outside_system (code, name, secret, organisation, responsible, states, categories, tells,
                            enabled)
values (%(code)s, %(name)s, coalesce(%(secret)s, %(fresh)s), %(organisation)s, %(responsible)s, %(states)s,
        %(categories)s, %(tells)s, %(enabled)s)
on conflict (code) do update
set name = excluded.name, secret = coalesce(%(secret)s, outside_system.secret), organisation = excluded.organisation,
    responsible = excluded.responsible, states = excluded.states, categories = excluded.categories,
    tells = excluded.tells, enabled = excluded.enabled
returning xmax = 0 as created

-- name: systems
select s.code, s.name, s.organisation, s.responsible, s.states, s.categories, s.tells, s.enabled,
       (select count(*) from outside_case o where o.system = s.code) as cases,
       (select count(*) from outside_conflict c where c.system = s.code and c.resolved_at is null) as conflicts
from outside_system s
where (%(code)s::text is null or s.code = %(code)s) and (%(after_code)s::text is null or s.code > %(after_code)s)
order by s.code
limit %(limit)s
