-- name: account
select p.id, p.name, p.state, a.password_hash, a.must_change, a.changed_at, a.totp_secret, a.totp_step,
       exists (select from login_session s where s.principal_id = p.id and s.address = %(address)s
               and s.created_at > now() - interval '90 days') as known_address
from principal p
join account a on a.principal_id = p.id
where lower(p.name) = lower(%(name)s) and p.state <> 'erased'

-- name: account_of
-- Without a password hash: of one who logs in at the provider.
select p.id, p.name, p.state, a.password_hash, a.must_change, a.changed_at, a.totp_secret, a.totp_pending, a.totp_step
from principal p
left join account a on a.principal_id = p.id
where p.id = %(id)s and p.state = 'active' and p.kind = 'person'

-- name: code_used
-- A row where the step is later than each one that was used.
update account set totp_step = %(step)s where principal_id = %(id)s and totp_step < %(step)s returning totp_step

-- name: recovery_code_used
update account set recovery_codes = array_remove(recovery_codes, %(digest)s)
where principal_id = %(id)s and %(digest)s = any (recovery_codes)
returning cardinality(recovery_codes) as rest

-- name: session_add
insert into login_session (token_hash, principal_id, expires_at, address, agent, issuer, second_factor)
values (%(token_hash)s, %(principal)s, clock_timestamp() + make_interval(secs => %(seconds)s), %(address)s, %(agent)s,
        %(issuer)s, %(second_factor)s)
returning id

-- name: session_rotate
update login_session set token_hash = %(token_hash)s, locked = false, active_at = clock_timestamp()
where id = %(id)s and ended_at is null
returning id

-- name: session_lock
update login_session set locked = true where id = %(id)s and ended_at is null

-- name: session_guess
update login_session set guesses = guesses + %(by)s where id = %(id)s and ended_at is null returning guesses

-- name: session_end
update login_session set ended_at = clock_timestamp(), ended_why = %(why)s
where id = %(id)s and principal_id = %(principal)s and ended_at is null
returning id

-- name: session_end_by_token
update login_session set ended_at = clock_timestamp(), ended_why = 'new login'
where token_hash = %(token_hash)s and ended_at is null

-- name: sessions
select s.id, s.created_at, s.seen_at, s.expires_at, s.address, s.agent
from login_session s
where s.principal_id = %(principal)s and s.ended_at is null and s.expires_at > now()
order by s.created_at desc
limit 200

-- name: totp_begin
update account set totp_pending = %(secret)s where principal_id = %(id)s

-- name: totp_confirm
update account set totp_secret = totp_pending, totp_pending = null, totp_step = %(step)s, recovery_codes = %(codes)s
where principal_id = %(id)s and totp_pending is not null
returning principal_id

-- name: who
select p.name, p.display_name, p.organisation, o.name as organisation_name
from principal p
left join organisation o on o.code = p.organisation
where p.id = %(id)s

-- name: grants
select g.role, g.organisation, o.name as organisation_name, g.region, r.name as region_name, g.area, a.name as area_name,
       g.ceiling, g.valid_to
from access_grant g
left join organisation o on o.code = g.organisation
left join lateral (
    select region.name from region where region.code = rpad(g.region, 12, '0') order by valid_from desc limit 1
) r on true
left join area a on a.code = g.area
where g.principal_id = %(id)s and (g.valid_from is null or g.valid_from <= now())
  and (g.valid_to is null or g.valid_to > now())
order by g.role, g.granted_at
