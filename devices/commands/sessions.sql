-- name: open
with held as (
    insert into session_holder (id, broker, at) values (%(holder)s, false, clock_timestamp())
    on conflict (id) do nothing
)
insert into session (device_id, holder, epoch, transport, peer)
values (%(device_id)s, %(holder)s, nextval('session_epoch'), %(transport)s, %(peer)s)
on conflict (device_id) do update
set holder = excluded.holder, epoch = nextval('session_epoch'), transport = excluded.transport, peer = excluded.peer,
    since = clock_timestamp(), ended_at = null
returning epoch

-- name: close
update session set ended_at = clock_timestamp() where device_id = %(device_id)s and epoch = %(epoch)s

-- name: heard
-- Whose session another process has opened since, and who sent here after that, has a twin there: told once in a while.
with told as (
    select g.device_id, g.at, g.peer, coalesce(
        s.epoch > g.epoch and s.ended_at is null and s.peer is not null and g.peer is not null
        and g.at > s.since + interval '5 seconds'
        and (s.twin_at is null or s.twin_at < statement_timestamp() - interval '10 minutes'), false) as twin
    from unnest(%(device_id)s::int[], %(at)s::timestamptz[], %(epoch)s::bigint[], %(peer)s::text[])
         as g (device_id, at, epoch, peer)
    join session s on s.device_id = g.device_id
), noted as (
    update session s
    set frame_at = greatest(s.frame_at, t.at), twin_at = case when t.twin then statement_timestamp() else s.twin_at end,
        twin_peers = case when t.twin then array[s.peer, t.peer] else s.twin_peers end
    from told t where s.device_id = t.device_id
    returning t.twin, s.device_id, s.peer as newer, t.peer as older
)
select device_id, newer, older from noted where twin

-- name: twins
update session set twin_at = clock_timestamp(), twin_peers = %(peers)s where device_id = %(device_id)s

-- name: restore
insert into session (device_id, holder, epoch, transport, peer)
select device_id, %(holder)s, epoch, transport, peer
from unnest(%(device_id)s::int[], %(epoch)s::bigint[], %(transport)s::text[], %(peer)s::text[])
     as g (device_id, epoch, transport, peer)
on conflict (device_id) do nothing

-- name: take_for_sessions
-- The session is locked too: whoever opens a newer one waits, or has done so before and is seen here.
with offered as (
    select c.id, d.code, g.code as gateway, s.device_id as session_of, s.epoch
    from command c
    join device d on d.id = c.device_id
    left join device g on g.id = d.parent_id
    join session s on s.device_id = session_of(d)
    where c.take_until > clock_timestamp() and c.taken_at is null and c.settled_at is null
      and s.holder = %(holder)s and s.ended_at is null
    order by c.created_at limit %(limit)s
    for update of c skip locked for share of s
)
update command c set taken_at = clock_timestamp(), taken_by = %(holder)s, epoch = o.epoch
from offered o
where c.id = o.id
returning o.code, o.gateway, o.session_of, o.epoch, c.id, c.name, c.params, c.created_at, c.expires_at

-- name: controlled
select 1 from device_control
where device_id = %(device_id)s and approved_at is not null and until > clock_timestamp()
