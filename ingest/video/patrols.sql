-- name: due
-- Whose turn it still is in the round of this number; a refused login is not shown again for a while.
select d.code, c.kind, c.url, c.login, c.changed_at, v.place, coalesce(v.faults, '{}')
from camera_connection c
join device d on d.id = c.device_id and d.state = 'active'
left join patrol_visit v on v.device_id = c.device_id
where c.patrolled and c.enabled and c.url is not null
  and (v.visited_at is null or v.visited_at < c.changed_at
       or v.round is distinct from %(number)s
          and not (v.refused and v.visited_at between now() - make_interval(secs => %(rest_s)s) and now()))
order by d.code

-- name: round
-- A clock that is set back before its begin holds up no round.
select number, ended_at is not null,
       clock_timestamp() not between began_at and began_at + make_interval(secs => %(every_s)s)
from patrol_round

-- name: begin
insert into patrol_round (began_at, number) values (clock_timestamp(), 1)
on conflict (one) do update set began_at = excluded.began_at, ended_at = null, number = patrol_round.number + 1
returning number

-- name: end
update patrol_round
set ended_at = clock_timestamp(), last_s = greatest(0, extract(epoch from clock_timestamp() - began_at)),
    last_cameras = (select count(*) from patrol_visit where round = %(number)s)
where number = %(number)s

-- name: found
-- Of cameras that were visited in this round, and of which it is not told that they show nothing.
select d.code, c.url, g.code, v.place is not null, v.result = 'failed', v.faults
from patrol_visit v
join camera_connection c on c.device_id = v.device_id and c.kind = 'rtsp' and c.patrolled and c.enabled and c.url is not null
join device d on d.id = v.device_id and d.state = 'active'
left join device g on g.id = d.parent_id
where v.round = %(number)s and not %(lost)s = any(v.faults)
order by d.code

-- name: held
-- With what each does not answer; who is not named is held no more.
update patrol_visit v set held = n.held
from device d
left join unnest(%(devices)s::text[], %(held)s::text[]) as n (device, held) on n.device = d.code
where d.id = v.device_id and v.round = %(number)s and v.held is distinct from n.held

-- name: outages
-- That were told and are not over.
select substring(target from length(event_kind) + 2) from alert
where origin = 'hub' and event_kind = %(kind)s and cleared_at is null

-- name: down
update camera_connection c set state = 'down', since = case when c.state = 'down' then c.since else clock_timestamp() end
from device d where d.code = %(device)s and c.device_id = d.id and c.kind = 'rtsp' and c.patrolled

-- name: skipped
insert into patrol_visit (device_id, skipped) select d.id, %(why)s from device d where d.code = %(device)s
on conflict (device_id) do update set skipped = excluded.skipped

-- name: telling
insert into patrol_visit (device_id, telling, faults)
select d.id, %(telling)s, %(faults)s from device d where d.code = %(device)s
on conflict (device_id) do update set telling = excluded.telling, faults = excluded.faults

-- name: told
update patrol_visit v set telling = '{}' from device d where d.code = %(device)s and v.device_id = d.id

-- name: visited
with visit as (
    insert into patrol_visit (device_id, visited_at, result, refused, place, round)
    select d.id, clock_timestamp(), %(result)s, %(refused)s, %(place)s, %(number)s from device d where d.code = %(device)s
    on conflict (device_id) do update
    set visited_at = excluded.visited_at, result = excluded.result, refused = excluded.refused, skipped = null,
        place = coalesce(excluded.place, patrol_visit.place), round = excluded.round,
        held = case when excluded.result = 'failed' then patrol_visit.held end
)
update camera_connection c
set state = coalesce(%(state)s, c.state),
    since = case when coalesce(%(state)s, c.state) = c.state then c.since else clock_timestamp() end,
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
