-- name: desks
-- By name, or that of one principal.
select d.principal_id, p.name, d.clicked_at, d.clicked_until,
       coalesce(d.streamed_until > clock_timestamp(), false) as streaming,
       coalesce(d.clicked_until > clock_timestamp() and d.streamed_until > clock_timestamp(), false) as present
from desk_presence d
join principal p on p.id = d.principal_id
where %(id)s::uuid is null or d.principal_id = %(id)s
order by p.name
limit %(limit)s
