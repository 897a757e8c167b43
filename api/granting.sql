-- name: grant_add
insert into access_grant (principal_id, role, organisation, region, area, valid_from, valid_to, ceiling, granted_by)
values (%(principal_id)s, %(role)s, %(organisation)s, %(region)s, %(area)s, %(valid_from)s, %(valid_to)s,
        %(ceiling)s, %(granted_by)s)
returning id

-- name: named
select exists (select from organisation where code = %(organisation)s) as organisation,
       exists (select from area where code = %(area)s) as area

-- name: principal
select id, kind from principal where lower(name) = lower(%(name)s) and state <> 'erased' for update

-- name: roles
select role from access_grant where principal_id = %(id)s and (valid_to is null or valid_to > now())

-- name: take_back
delete from access_grant g using principal p
where p.id = g.principal_id and lower(p.name) = lower(%(name)s) and g.role = %(role)s
returning g.id, g.principal_id, g.organisation, g.region, g.area, g.ceiling
