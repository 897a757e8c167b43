-- name: maintenance
select m.id, d.code as device, m.from_at, m.to_at, m.note, now() >= m.from_at and now() < m.to_at as running
from device d
join maintained m on m.device_id = d.id
where d.code = %(code)s
  and (%(id)s::bigint is null or m.id = %(id)s)
  and (%(running)s::boolean is null or (now() >= m.from_at and now() < m.to_at) = %(running)s)
  and (%(after_from_at)s::timestamptz is null or (m.from_at, m.id) < (%(after_from_at)s, %(after_id)s))
order by m.from_at desc, m.id desc
limit %(limit)s

-- name: maintenance_add
insert into maintenance (device_id, from_at, to_at, note, made_by)
select d.id, %(from_at)s, %(to_at)s, %(note)s, %(by)s from device d where d.code = %(code)s
returning id

-- name: maintenance_delete
delete from maintenance m using device d
where d.id = m.device_id and d.code = %(code)s and m.id = %(id)s
returning m.id

-- name: maintenance_put
update maintenance m set from_at = %(from_at)s, to_at = %(to_at)s, note = %(note)s
from device d
where d.id = m.device_id and d.code = %(code)s and m.id = %(id)s
returning m.id
