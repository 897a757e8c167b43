-- name: take_for_networks
with offered as (
    select c.id, d.code, n.network, n.protocol, n.via, n.address, p.commands -> c.name -> 'downlink' as downlink
    from command c
    join device d on d.id = c.device_id
    join profile p on p.id = d.profile_id
    cross join lateral network_of(d.id) n
    where c.take_until > clock_timestamp() and c.taken_at is null and c.settled_at is null and session_of(d) is null
      and n.network = any(%(networks)s::text[])
    order by c.created_at limit %(limit)s
    for update of c skip locked
)
update command c
set taken_at = clock_timestamp(), taken_by = %(holder)s, network = o.network,
    confirmed = coalesce((o.downlink ->> 'confirmed')::boolean, true)
from offered o
where c.id = o.id
returning o.code, o.network, o.protocol, o.via, o.address, o.downlink, c.id, c.name, c.params, c.created_at, c.expires_at
