-- name: access_share
-- Held while the broker is told of an account that is not committed yet, so that nobody takes it for a stray.
-- Five seconds: behind a clearing up of thousands of accounts a request does not wait for ever.
select set_config('lock_timeout', '5s', true), pg_advisory_xact_lock_shared(hashtext('ganzhi.access'))

-- name: credential_add
insert into credential (device_id, kind, username, secret_hash, provisioning_key, bound)
values (%(device)s, %(kind)s, %(username)s, %(secret_hash)s, %(provisioning_key)s, true)
returning id, created_at

-- name: credential_device
-- Locked, so that its user names are chosen by one at a time.
select d.id, d.code, d.state, p.metrics, p.mapping <> '{}' as mapped,
       device_children(d.id) as children,
       array(select k.code from device k where k.parent_id = d.id and k.state <> 'retired') as seen_children
from device d join profile p on p.id = d.profile_id
where d.code = %(code)s
for no key update of d

-- name: credential_names
select c.id, c.device_id, c.username, c.kind, code_taken(%(name)s) as of_a_device
from credentials_named(%(device)s, %(name)s) c
union all
select null, null, null, null, code_taken(%(name)s)

-- name: credential_revoke
update credential c set revoked_at = clock_timestamp()
from device d
where d.id = c.device_id and d.code = %(code)s and c.revoked_at is null
  and (%(id)s::bigint is null or c.id = %(id)s)
returning c.id, c.kind, c.username

-- name: credential_rotate
update credential set secret_hash = %(secret_hash)s, rotated_at = clock_timestamp(), bound = true
where id = %(id)s and revoked_at is null
returning created_at, rotated_at
