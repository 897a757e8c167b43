-- Devices that changed since a snapshot's xmin, or whose series or profile did. Their columns are asked for by id: one
-- statement over all would be planned for a third of the devices, and take 1 s for a single one.
select array_agg(id) from (
    select id from device where revision >= %(since)s::xid8
    union
    select device_id from series where revision >= %(since)s::xid8
    union
    select d.id from profile p join device d on d.profile_id = p.id where p.revision >= %(since)s::xid8
) changed
