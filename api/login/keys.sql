-- name: machine
select id, kind from principal where lower(name) = lower(%(name)s) and state <> 'erased' for update

-- name: key_add
insert into api_key (principal_id, secret_hash, label, created_by, expires_at)
values (%(principal)s, %(secret_hash)s, %(label)s, %(created_by)s, %(expires_at)s)
returning id

-- name: keys
select k.id, p.name, k.label, p.state, k.created_by, k.created_at, k.expires_at, k.last_used_at, k.revoked_at,
       (select coalesce(array_agg(distinct g.role order by g.role), '{}') from access_grant g
        where g.principal_id = p.id and (g.valid_to is null or g.valid_to > now())) as roles
from api_key k
join principal p on p.id = k.principal_id
where (%(id)s::uuid is null or k.id = %(id)s) and (%(name)s::text is null or lower(p.name) = lower(%(name)s))
  and (%(after_created_at)s::timestamptz is null or k.created_at < %(after_created_at)s
       or (k.created_at = %(after_created_at)s and k.id > %(after_id)s))
order by k.created_at desc, k.id
limit %(limit)s

-- name: key_revoke
update api_key set revoked_at = clock_timestamp() where id = %(id)s and revoked_at is null returning principal_id
