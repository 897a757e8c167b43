-- name: principals
-- Active principals with their grants, of areas for as long as both are valid; one row without a role for none.
select p.id, p.kind, p.name, p.organisation, g.role, g.organisation as granted_organisation, g.region, g.area, g.ceiling,
       greatest(g.valid_from, a.valid_from) as valid_from, least(g.valid_to, a.valid_to) as valid_to
from principal p
left join access_grant g on g.principal_id = p.id
left join area a on a.code = g.area
where p.state = 'active'

-- name: shares
-- What organisations let each other see; whole: all devices of the owner, with all that is of them.
select id, owner, consumer, kinds, ceiling, valid_to, devices is null and metrics is null and event_kinds is null as whole
from data_share
where state = 'granted' and (valid_to is null or valid_to > now())
