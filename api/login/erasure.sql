-- name: account
select p.name, p.display_name, p.organisation, p.state, p.created_at, a.changed_at as password_changed_at,
       a.totp_secret is not null as second_factor, i.issuer, i.subject
from principal p
left join oidc_identity i on i.principal_id = p.id
left join account a on a.principal_id = p.id
where p.id = %(id)s

-- name: certificates
select subject from client_certificate where principal_id = %(id)s order by subject

-- name: erase
-- Whoever it was: its name is free again, and its id means nobody.
update principal
set state = 'erased', name = 'erased-' || id::text, display_name = '', organisation = null
where id = %(id)s

-- name: forget
with grants as (
    delete from access_grant where principal_id = %(id)s
), sessions as (
    delete from login_session where principal_id = %(id)s
), presence as (
    delete from desk_presence where principal_id = %(id)s
), certificates as (
    delete from client_certificate where principal_id = %(id)s
), contacts as (
    delete from contact where principal_id = %(id)s
), identities as (
    delete from oidc_identity where principal_id = %(id)s
)
delete from account where principal_id = %(id)s

-- name: grants
select role, organisation, region, area, ceiling, valid_from, valid_to, granted_by, granted_at
from access_grant where principal_id = %(id)s order by granted_at, id

-- name: sessions
select created_at, seen_at, expires_at, ended_at, ended_why, address, agent
from login_session where principal_id = %(id)s order by created_at, id
