insert into maintenance (device_id, from_at, to_at, note)
select d.id, %(from_at)s, %(to_at)s, %(note)s from device d where d.code = %(code)s
returning id
