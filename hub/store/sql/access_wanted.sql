-- Devices with credentials in use, their children, and those credentials.
select d.code, d.state, coalesce(kids.codes, '{}'), c.username, c.kind,
       coalesce(c.rotated_at, c.created_at)::text as since
from credential c
join device d on d.id = c.device_id
left join lateral (
    select array_agg(k.code) as codes from device k where k.parent_id = d.id and k.state <> 'retired'
) kids on true
where c.revoked_at is null
