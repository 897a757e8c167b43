-- name: accounts
select exists (select from account) or exists (select from oidc_identity) as exists

-- name: certificates
-- A machine has no account, and nothing to change or to enrol.
select c.subject, c.principal_id as principal, coalesce(a.must_change, false) as must_change,
       p.kind = 'machine' or a.totp_secret is not null as second_factor
from client_certificate c
join principal p on p.id = c.principal_id
left join account a on a.principal_id = c.principal_id

-- name: keys
select k.id, k.principal_id, k.secret_hash, k.expires_at
from api_key k
where k.revoked_at is null and (k.expires_at is null or k.expires_at > now())

-- name: sessions
select s.id, s.principal_id as principal, s.token_hash, s.expires_at, s.seen_at, s.active_at, s.locked,
       coalesce(a.must_change, false) as must_change,
       coalesce(s.second_factor, a.totp_secret is not null) as second_factor, s.issuer
from login_session s
left join account a on a.principal_id = s.principal_id
where s.ended_at is null and s.expires_at > now()

-- name: keys_used
update api_key k set last_used_at = greatest(k.last_used_at, u.at)
from unnest(%(ids)s::uuid[], %(times)s::timestamptz[]) as u (id, at)
where k.id = u.id

-- name: sessions_seen
update login_session s set seen_at = greatest(s.seen_at, u.seen), active_at = greatest(s.active_at, u.active)
from unnest(%(ids)s::uuid[], %(seen)s::timestamptz[], %(active)s::timestamptz[]) as u (id, seen, active)
where s.id = u.id and s.ended_at is null

-- name: sessions_forget
delete from login_session where coalesce(ended_at, expires_at) < now() - interval '90 days'
