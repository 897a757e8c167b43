-- name: registrations
-- Over SIP, and at the server of view libraries, which forgets who has logged out or was not heard for long.
select each.*, d.code as device
from (
    select r.id, 'gb28181' as protocol, r.expires_at > now() as registered, r.transport, r.host, r.port, r.since,
           r.at as renewed_at, case when r.expires_at > 'epoch' then r.expires_at end as expires_at, r.heard_at, r.status, r.faulty,
           r.version, r.agent, r.manufacturer, r.model, r.firmware, r.channels, r.told_at, r.twin_at, r.twin_peers,
           null::bigint as dropped
    from sip_registration r
    union all
    select v.id, 'gat1400', true, 'http', v.host, null, v.at, v.at, null, null, null, '{}', '', v.agent, null, null, null, null,
           null, null, null, v.dropped
    from viid_registration v
) each
left join lateral (
    select k.code from device_address a join device k on k.id = a.device_id
    where a.scheme in (each.protocol, 'gb28181') and a.address = each.id
    union all
    select k.code from device k where k.code = each.id
    limit 1
) d on true
where (%(registered)s::boolean is null or each.registered = %(registered)s)
  and (%(device)s::text is null or d.code = %(device)s)
  and (%(after_id)s::text is null or (each.id, each.protocol) > (%(after_id)s, %(after_protocol)s))
order by each.id, each.protocol
limit %(limit)s
