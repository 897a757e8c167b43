-- Devices with their series, those changed since a snapshot's xmin ('0' for all).
with changed as (
    select id from device where revision >= %(since)s::xid8
    union
    select device_id from series where revision >= %(since)s::xid8
    union
    select d.id from device d join profile p on p.id = d.profile_id where p.revision >= %(since)s::xid8
)
select d.id, d.code, parent.code, d.zone, d.state, d.profile_id,
       coalesce(s.metrics, '{}'), coalesce(s.ids, '{}')
from changed
join device d using (id)
left join device parent on parent.id = d.parent_id
left join lateral (
    select array_agg(metric order by id) as metrics, array_agg(id order by id) as ids
    from series where device_id = d.id
) s on true
