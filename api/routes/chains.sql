-- name: area
select code from area where code = %(code)s

-- name: chains
select c.code, c.filter, c.steps, c.repeats, c.verify_within_s,
       (select count(*) from escalation e where e.chain = c.code and e.due_at is not null) as running
from chain c
where (%(code)s::text is null or c.code = %(code)s)
  and (%(after_code)s::text is null or c.code > %(after_code)s)
order by c.code
limit %(limit)s

-- name: consumers
-- Locked: one that is deleted at this moment is waited for. By a probe nobody is told.
select code from consumer where code = any (%(codes)s) and kind <> 'probe' for key share

-- name: delete
delete from chain where code = %(code)s

-- name: organisation
select code from organisation where code = %(code)s

-- name: put
insert into chain (code, filter, steps, repeats, verify_within_s)
values (%(code)s, %(filter)s, %(steps)s, %(repeats)s, %(verify_within_s)s)
on conflict (code) do update
set filter = excluded.filter, steps = excluded.steps, repeats = excluded.repeats,
    verify_within_s = excluded.verify_within_s
returning xmax = 0 as created

-- name: rotas
select code from rota where code = any (%(codes)s) for key share

-- name: same
select code from chain where filter = %(filter)s and code <> %(code)s
