-- name: clear
select pg_advisory_lock(hashtext('ganzhi.access'))

-- name: cleared
select pg_advisory_unlock(hashtext('ganzhi.access'))

-- name: lead
select pg_try_advisory_lock(hashtext('ganzhi.broker_access'))

-- name: flooding
-- The devices whose accounts are disabled for a flood now, in order.
select flooding()

-- name: moved
-- Whether anything that rights depend on changed since a snapshot (hub/store/revision.py).
select exists (
    select from credential
    where revision >= pg_snapshot_xmin(%(since)s::pg_snapshot)
      and not pg_visible_in_snapshot(revision, %(since)s::pg_snapshot)
      and revision < pg_snapshot_xmax(pg_current_snapshot())
) or exists (
    select from device
    where revision >= pg_snapshot_xmin(%(since)s::pg_snapshot)
      and not pg_visible_in_snapshot(revision, %(since)s::pg_snapshot)
      and revision < pg_snapshot_xmax(pg_current_snapshot())
)

-- name: unbound
select username from credential where revoked_at is null and not bound order by username

-- name: wanted
-- Devices with credentials in use, their children, and those credentials; who floods is kept out for a while.
select d.code, d.state = 'active' and not d.id = any (flooding()), coalesce(kids.codes, '{}'), c.username, c.kind, c.bound,
       coalesce(c.rotated_at, c.created_at)::text as since
from credential c
join device d on d.id = c.device_id
left join lateral (
    select array_agg(k.code) as codes from device k where k.parent_id = d.id and k.state <> 'retired'
) kids on true
where c.revoked_at is null
