-- name: due
-- Whose turn it still is in the round that began then; a refused login is not shown again for a while.
select d.code, c.kind, c.url, c.login, c.changed_at, v.place, coalesce(v.faults, '{}')
from camera_connection c
join device d on d.id = c.device_id and d.state = 'active'
left join patrol_visit v on v.device_id = c.device_id
where c.patrolled and c.enabled and c.url is not null
  and (v.visited_at is null or v.visited_at < c.changed_at
       or v.visited_at < %(began)s and not (v.refused and v.visited_at > now() - make_interval(secs => %(rest_s)s)))
order by d.code

-- name: round
select began_at, ended_at from patrol_round

-- name: begin
insert into patrol_round (began_at) values (clock_timestamp())
on conflict (one) do update set began_at = excluded.began_at, ended_at = null
returning began_at

-- name: end
update patrol_round
set ended_at = clock_timestamp(), last_s = extract(epoch from clock_timestamp() - began_at), last_cameras = %(cameras)s
where began_at = %(began)s

-- name: telling
insert into patrol_visit (device_id, telling, faults)
select d.id, %(telling)s, %(faults)s from device d where d.code = %(device)s
on conflict (device_id) do update set telling = excluded.telling, faults = excluded.faults

-- name: told
update patrol_visit v set telling = '{}' from device d where d.code = %(device)s and v.device_id = d.id

-- name: visited
with visit as (
    insert into patrol_visit (device_id, visited_at, result, refused, place)
    select d.id, clock_timestamp(), %(result)s, %(refused)s, %(place)s from device d where d.code = %(device)s
    on conflict (device_id) do update
    set visited_at = excluded.visited_at, result = excluded.result, refused = excluded.refused,
        place = coalesce(excluded.place, patrol_visit.place)
)
update camera_connection c
set state = %(state)s, since = case when c.state = %(state)s then c.since else clock_timestamp() end,
    heard_at = case when %(state)s = 'up' then clock_timestamp() else c.heard_at end,
    last_error = %(error)s, last_error_words = %(words)s, figures = %(figures)s
from device d
where d.code = %(device)s and c.device_id = d.id and c.kind = 'rtsp' and c.patrolled and c.changed_at = %(changed_at)s

-- name: unfinished
select d.code, v.telling from patrol_visit v join device d on d.id = v.device_id and d.state = 'active'
where v.telling <> '{}'

-- name: gone
-- Who is visited no more, and what was told of him.
select d.code, v.faults
from patrol_visit v
join device d on d.id = v.device_id
where not exists (
    select from camera_connection c
    where c.device_id = v.device_id and c.kind = 'rtsp' and c.patrolled and c.enabled and d.state = 'active')

-- name: forget
delete from patrol_visit v using device d where d.code = %(device)s and v.device_id = d.id
