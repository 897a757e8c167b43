-- name: begun
-- What was begun too long ago goes at the same time.
with old as (delete from oidc_login where created_at < now() - make_interval(secs => %(seconds)s))
insert into oidc_login (cookie_hash, next, anew, former)
values (%(cookie_hash)s, %(next)s, %(anew)s, %(former)s)

-- name: ended
-- A row once only, whoever asks at the same time.
delete from oidc_login where cookie_hash = %(cookie_hash)s
returning next, anew, former, extract(epoch from created_at)::float8 as began,
          created_at >= now() - make_interval(secs => %(seconds)s) as in_time

-- name: turn
select pg_advisory_xact_lock(hashtextextended('oidc ' || %(issuer)s || ' ' || %(subject)s, 0))

-- name: identity
select p.id, p.name, p.state
from oidc_identity i
join principal p on p.id = i.principal_id
where i.issuer = %(issuer)s and i.subject = %(subject)s and p.state <> 'erased'
for update of p

-- name: identity_add
insert into oidc_identity (issuer, subject, principal_id) values (%(issuer)s, %(subject)s, %(id)s)
on conflict (issuer, subject) do update set principal_id = excluded.principal_id, created_at = clock_timestamp()

-- name: identity_seen
update oidc_identity set seen_at = clock_timestamp() where issuer = %(issuer)s and subject = %(subject)s

-- name: shown_as
update principal set display_name = %(display_name)s
where id = %(id)s and display_name is distinct from %(display_name)s

-- name: grants
select id, role, organisation, region, area, ceiling from access_grant
where principal_id = %(id)s and granted_by = %(granted_by)s

-- name: take_back
delete from access_grant where id = %(id)s
