-- name: place
select p.place from camera_place p join device d on d.id = p.device_id
where d.code = %(camera)s and d.state <> 'retired' and p.source = %(source)s

-- name: keep
insert into camera_place (device_id, source, learned_at, place)
select d.id, %(source)s, now(), %(place)s from device d where d.code = %(camera)s and d.state <> 'retired'
on conflict (device_id, source) do update set learned_at = excluded.learned_at, place = excluded.place
