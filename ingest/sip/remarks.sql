-- name: remarked
update sip_registration r
set heard_at = coalesce(n.heard_at, r.heard_at),
    status = coalesce(n.status, r.status),
    faulty = coalesce(n.faulty, r.faulty),
    manufacturer = case when n.told_at is null then r.manufacturer else n.manufacturer end,
    model = case when n.told_at is null then r.model else n.model end,
    firmware = case when n.told_at is null then r.firmware else n.firmware end,
    channels = case when n.told_at is null then r.channels else n.channels end,
    told_at = coalesce(n.told_at, r.told_at),
    twin_at = coalesce(n.twin_at, r.twin_at),
    twin_peers = coalesce(n.twin_peers, r.twin_peers)
from jsonb_to_recordset(%(remarks)s) as n (
    id text, heard_at timestamptz, status text, faulty text[], manufacturer text, model text, firmware text, channels int,
    told_at timestamptz, twin_at timestamptz, twin_peers text[])
where r.id = n.id
