-- name: attach
insert into alert_attachment (id, alert_id, change_id, name, media_type, content)
values (%(id)s, %(alert_id)s, %(change_id)s, %(name)s, %(media_type)s, %(content)s)

-- name: attachment
select name, media_type, content from alert_attachment where id = %(id)s and alert_id = %(alert_id)s

-- name: device
select id from device where code = %(code)s

-- name: held
select (select count(*) from alert_attachment f where f.alert_id = a.id) as attachments from alert a where a.id = %(id)s

-- name: organisation
select code from organisation where code = %(code)s

-- name: person
-- An account in use with a grant that reaches one of these scope keys; null: the alert is of no place.
select p.id
from principal p
where lower(p.name) = lower(%(name)s) and p.kind = 'person' and p.state = 'active'
  and exists (
      select from access_grant g
      where g.principal_id = p.id and g.role = any (%(roles)s)
        and coalesce(g.valid_from <= now(), true) and coalesce(now() < g.valid_to, true)
        and (coalesce(g.organisation, g.region, g.area) is null
             or coalesce(g.organisation, '') || '/' || coalesce('@' || g.area, g.region, '') = any (%(keys)s::text[]))
  )

-- name: scope
select coalesce(d.scope, a.scope) as keys from alert a left join device d on d.id = a.device_id where a.id = %(id)s

-- name: unknown_region
-- A row where divisions are known and this is none of them.
select where exists (select from region) and not exists (select from region where code = %(code)s)
