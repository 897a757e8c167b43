-- A parent is here too when only its first child or its first credential is new.
with changed as (
    select id, parent_id from device where revision >= %(since)s::xid8
)
select id, code, state, parent_id from device
where id in (
    select id from changed
    union select parent_id from changed
    union select device_id from credential where revision >= %(since)s::xid8
)
