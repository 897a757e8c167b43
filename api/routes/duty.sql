-- name: names
-- Of accounts; what is above a caller's ceiling is left out.
select id, name from principal where id = any (%(ids)s::uuid[])

-- name: rotas
select code, name, organisation, region, handover_minutes
from rota
where (%(after_code)s::text is null or code > %(after_code)s)
order by code
limit %(limit)s
