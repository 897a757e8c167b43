-- name: address
select a.scheme, a.address, a.created_at
from device_address a join device d on d.id = a.device_id
where d.code = %(code)s and a.scheme = %(scheme)s and a.address = %(address)s

-- name: address_add
-- Returns a row only where it is new.
insert into device_address (scheme, address, device_id)
select %(scheme)s, %(address)s, d.id
from device d
where d.code = %(code)s and (select count(*) from device_address a where a.device_id = d.id) < %(most)s
on conflict do nothing
returning scheme

-- name: address_owner
select address_owner(%(scheme)s, %(address)s) as owner

-- name: address_remove
delete from device_address a
using device d
where d.code = %(code)s and a.device_id = d.id and a.scheme = %(scheme)s and a.address = %(address)s
returning a.scheme

-- name: addresses
select a.scheme, a.address, a.created_at
from device_address a join device d on d.id = a.device_id
where d.code = %(code)s
order by a.scheme, a.address
