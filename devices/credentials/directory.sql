-- name: all_credentials
select id, false, device_id, kind, username, secret_hash, bound from credential where revoked_at is null

-- name: changed_credentials
-- Those that changed since a snapshot (hub/store/revision.py). Revoked ones first: a user name that was freed and given
-- again is the new one's.
select id, revoked_at is not null, device_id, kind, username, secret_hash, bound
from credential
where revision >= pg_snapshot_xmin(%(since)s::pg_snapshot)
  and not pg_visible_in_snapshot(revision, %(since)s::pg_snapshot)
  and revision < pg_snapshot_xmax(pg_current_snapshot())
order by revoked_at is null, id

-- name: floods
-- Devices whose accounts are disabled for a flood, and until when; the gateway of one for as long as the longest.
select kept_out.id, extract(epoch from max(f.disabled_until))::float8
from unnest(flooding()) as kept_out (id)
join device d on d.id = kept_out.id or d.parent_id = kept_out.id
join device_flood f on f.device_id = d.id
group by kept_out.id
