-- name: registrations
select r.id, d.code as device, r.expires_at > now() as registered, r.transport, r.host, r.port, r.since, r.at as renewed_at,
       case when r.expires_at > 'epoch' then r.expires_at end as expires_at, r.heard_at, r.status, r.faulty, r.version, r.agent,
       r.manufacturer, r.model, r.firmware, r.channels, r.told_at, r.twin_at, r.twin_peers
from sip_registration r
left join lateral (
    select k.code from device_address a join device k on k.id = a.device_id where a.scheme = 'gb28181' and a.address = r.id
    union all
    select k.code from device k where k.code = r.id
    limit 1
) d on true
where (%(registered)s::boolean is null or (r.expires_at > now()) = %(registered)s)
  and (%(device)s::text is null or d.code = %(device)s)
  and (%(after_id)s::text is null or r.id > %(after_id)s)
order by r.id
limit %(limit)s
