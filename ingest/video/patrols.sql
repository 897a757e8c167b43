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
-- Of cameras that were visited, but those that are told to show nothing, and are in no outage. Who was not visited in
-- this round is as it was.
select d.code, c.url, g.code, v.place is not null, v.result = 'failed', v.faults, d.organisation, v.outage, v.held_from,
       %(lost)s = any(v.faults), d.organisation is null or d.organisation is not distinct from g.organisation
from patrol_visit v
join camera_connection c on c.device_id = v.device_id and c.kind = 'rtsp' and c.patrolled and c.enabled and c.url is not null
join device d on d.id = v.device_id and d.state = 'active'
left join device g on g.id = d.parent_id
where v.result is not null and (v.outage is not null or not %(lost)s = any(v.faults))
order by d.code

-- name: held
-- With what each of these does not answer, from which round on, and whether nothing is told of it.
update patrol_visit v
set held = n.held, outage = n.outage, held_from = case when n.outage is not null then coalesce(v.held_from, %(number)s) end
from device d
join unnest(%(devices)s::text[], %(held)s::text[], %(outages)s::text[]) as n (device, held, outage) on n.device = d.code
where d.id = v.device_id and (v.held is distinct from n.held or v.outage is distinct from n.outage)

-- name: outages
-- That were told and are not over, and whether a desk has ended one.
select substring(target from length(event_kind) + 2), handling in ('closed', 'false_alarm') from alert
where origin = 'hub' and event_kind = %(kind)s and cleared_at is null

-- name: rest
update patrol_visit set held = null, outage = null, held_from = null where held is not null or outage is not null

-- name: down
update camera_connection c set state = 'down', since = case when c.state = 'down' then c.since else clock_timestamp() end
from device d where d.code = %(device)s and c.device_id = d.id and c.kind = 'rtsp' and c.patrolled

-- name: skipped
insert into patrol_visit (device_id, skipped) select d.id, %(why)s from device d where d.code = %(device)s
on conflict (device_id) do update set skipped = excluded.skipped

-- name: telling
insert into patrol_visit (device_id, telling, faults)
select d.id, %(telling)s, %(faults)s from device d where d.code = %(device)s
on conflict (device_id) do update
set telling = excluded.telling, faults = excluded.faults,
    held = case when not 'signal_loss' = any(excluded.faults) then patrol_visit.held end

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
