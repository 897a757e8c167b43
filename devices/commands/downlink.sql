-- name: take_for_broker
with offered as (
    select c.id, d.code, g.code as gateway
    from command c
    join device d on d.id = c.device_id
    left join device g on g.id = d.parent_id
    where c.take_until > clock_timestamp() and c.taken_at is null and c.settled_at is null and session_of(d) is null
      and not exists (select from network_of(d.id))
    order by c.created_at limit %(limit)s
    for update of c skip locked
)
update command c set taken_at = clock_timestamp(), taken_by = %(holder)s
from offered o
where c.id = o.id
returning o.code, o.gateway, c.id, c.name, c.params, c.created_at, c.expires_at
