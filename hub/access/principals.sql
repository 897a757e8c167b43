-- name: principals
-- Active principals with their grants, of areas for as long as both are valid; one row without a role for none.
select p.id, p.kind, p.name, p.organisation, g.role, g.organisation as granted_organisation, g.region, g.area,
       greatest(g.valid_from, a.valid_from) as valid_from, least(g.valid_to, a.valid_to) as valid_to
from principal p
left join access_grant g on g.principal_id = p.id
left join area a on a.code = g.area
where p.state = 'active'
