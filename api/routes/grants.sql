-- name: grant_delete
delete from access_grant where id = %(id)s returning principal_id

-- name: grants
select g.id, p.name as principal, g.role, g.organisation, g.region, g.area, g.valid_from, g.valid_to, g.ceiling, g.granted_by,
       g.granted_at
from access_grant g
join principal p on p.id = g.principal_id
where (%(id)s::uuid is null or g.id = %(id)s)
  and (%(principal)s::text is null or lower(p.name) = lower(%(principal)s))
  and (%(after_granted_at)s::timestamptz is null or g.granted_at < %(after_granted_at)s
       or (g.granted_at = %(after_granted_at)s and g.id > %(after_id)s))
order by g.granted_at desc, g.id
limit %(limit)s
