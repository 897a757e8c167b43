-- name: seconds
round(coalesce(sum(w.seconds) filter (where k.state = 'sound'), 0))::int as sound_s,
round(coalesce(sum(w.seconds) filter (where k.state = 'faulty'), 0))::int as faulty_s,
round(coalesce(sum(w.seconds) filter (where k.state = 'offline'), 0))::int as offline_s,
round(coalesce(sum(w.seconds) filter (where k.state = 'unknown'), 0))::int as unknown_s,
round(coalesce(sum(w.seconds) filter (where k.state = 'maintained'), 0))::int as maintained_s

-- name: known
select at from camera_watch

-- name: known_put
insert into camera_watch (at) values (%(at)s) on conflict (one) do update set at = excluded.at

-- name: gap_put
-- What lasted when the hub heard last ended then, as far as anybody knows.
with ended as (
    update camera_state set to_at = greatest(%(from_at)s, from_at + interval '1 microsecond') where to_at is null
)
insert into camera_gap (from_at, to_at) values (%(from_at)s, %(to_at)s) on conflict do nothing

-- name: totals_day
select max(day) from camera_total

-- name: totals_put
-- Until the begin of a day: as of the day before, and that day. A camera whose last state was forgotten is, too.
insert into camera_total (day, device_id, sound_s, faulty_s, offline_s, unknown_s, maintained_s)
select %(day)s, coalesce(t.device_id, s.device_id),
       coalesce(t.sound_s, 0) + coalesce(s.sound_s, 0), coalesce(t.faulty_s, 0) + coalesce(s.faulty_s, 0),
       coalesce(t.offline_s, 0) + coalesce(s.offline_s, 0), coalesce(t.unknown_s, 0) + coalesce(s.unknown_s, 0),
       coalesce(t.maintained_s, 0) + coalesce(s.maintained_s, 0)
from (select * from camera_total where day = %(day)s::date - 1) t
full join (
    select device_id,
-- use: seconds
    from camera_state k
    cross join lateral (
        select date_part('epoch', least(k.to_at, %(to_at)s) - greatest(k.from_at, %(from_at)s)) as seconds) w
    where k.from_at < %(to_at)s and (k.to_at is null or k.to_at > %(from_at)s)
    group by device_id
) s using (device_id)
where s.device_id is not null or exists (select from camera_state c where c.device_id = t.device_id)
on conflict (day, device_id) do update
set sound_s = excluded.sound_s, faulty_s = excluded.faulty_s, offline_s = excluded.offline_s,
    unknown_s = excluded.unknown_s, maintained_s = excluded.maintained_s

-- name: states_put
-- How each camera is by all that is known of it; only what has changed is written. Of what is heard in several ways one is
-- enough. `link`: how it is connected of itself; a registration of GA/T 1400 is a row until it logs out or falls silent.
-- `video`: its stream alone; one that is up shows that the camera is there, one that is down says so only of a camera of
-- which nothing else is known.
-- `newest`: of each part of a device the newest event of a kind that is a fault, one look at the index each.
with recursive newest as (
    select n.*
    from unnest(%(kinds)s::text[]) as f (kind)
    cross join lateral (
        select e.kind, e.device_id, coalesce(e.part, '') as part, e.state
        from event e where e.kind = f.kind
        order by e.device_id, coalesce(e.part, ''), least(e.ts, e.received_at) desc limit 1) n
    union all
    select n.*
    from newest b
    cross join lateral (
        select e.kind, e.device_id, coalesce(e.part, '') as part, e.state
        from event e where e.kind = b.kind and (e.device_id, coalesce(e.part, '')) > (b.device_id, b.part)
        order by e.device_id, coalesce(e.part, ''), least(e.ts, e.received_at) desc limit 1) n
), registration as materialized (
    select coalesce(a.device_id, d.id) as device_id, r.expires_at > %(at)s as up, greatest(r.expires_at, r.at) as until,
           r.status, r.faulty
    from sip_registration r
    left join device_address a on a.scheme = 'gb28181' and a.address = r.id
    left join device d on d.code = r.id
), link as materialized (
    select l.device_id, bool_or(l.up) as up, max(l.until) as until, min(l.why) as why, bool_and(l.video) as video
    from (
        select device_id, up, until, 'registration' as why, false as video from registration where device_id is not null
        union all
        select c.device_id, c.state = 'up', coalesce(c.since, '-infinity'),
               case when c.patrolled then 'patrol' else 'connection' end, c.kind = 'rtsp'
        from camera_connection c where c.enabled and not c.pushes and c.kind <> 'gat1400' and c.state <> 'new'
        union all
        select coalesce(a.device_id, d.id), true, v.at, 'registration', false
        from viid_registration v
        left join device_address a on a.scheme in ('gat1400', 'gb28181') and a.address = v.id
        left join device d on d.code = v.id
        where coalesce(a.device_id, d.id) is not null
    ) l
    group by l.device_id
), fault as materialized (
    select f.device_id, min(f.why) as why
    from (
        select device_id, kind as why from newest where state = 'active'
        union all
        select device_id, kind from episode where ended_at is null and kind = any (%(kinds)s::text[])
        union all
        select device_id, 'keepalive' from registration where up and status <> 'OK'
        union all
        select coalesce(a.device_id, d.id), 'keepalive'
        from registration r
        cross join unnest(r.faulty) as u (id)
        left join device_address a on a.scheme = 'gb28181' and a.address = u.id
        left join device d on d.code = u.id
        where r.up
    ) f
    group by f.device_id
), worked as materialized (
    select distinct m.device_id from maintained m where m.from_at <= %(at)s and m.to_at > %(at)s
), camera as (
    select d.id, d.parent_id, g.parent_id as above_id
    from device d
    join profile p on p.id = d.profile_id
    left join device g on g.id = d.parent_id
    where d.state = 'active' and p.category = %(category)s
      and not exists (select from device c join profile k on k.id = c.profile_id
                      where c.parent_id = d.id and k.category = %(category)s)
), judged as (
    select c.id,
           case when w.device_id is not null then 'maintained' when o.why is not null then 'offline'
                when h.online is null and not coalesce(l.up, false) then 'unknown'
                when f.why is not null then 'faulty' else 'sound' end as state,
           case when w.device_id is not null then null when o.why is not null then o.why
                when h.online is null and not coalesce(l.up, false) then null else f.why end as why
    from camera c
    left join device_health h on h.device_id = c.id
    left join device_health ph on ph.device_id = c.parent_id
    left join device_seen s on s.device_id = c.id
    left join link l on l.device_id = c.id
    left join link pl on pl.device_id = c.parent_id
    left join fault f on f.device_id = c.id
    left join lateral (select k.device_id from worked k where k.device_id in (c.id, c.parent_id, c.above_id) limit 1) w on true
    cross join lateral (select l.device_id is null or l.video and not l.up as other) n
    cross join lateral (
        select case when h.online is false then coalesce(h.cause, 'status')
                    when not l.up and not l.video and coalesce(s.seen_at, '-infinity') <= l.until then l.why
                    when n.other and ph.online is false and coalesce(s.seen_at, '-infinity') <= ph.since then 'gateway'
                    when n.other and not pl.up and not pl.video and coalesce(s.seen_at, '-infinity') <= pl.until
                    then 'gateway'
                    when not l.up and h.online is null then l.why end as why
    ) o
), changed as materialized (
    select j.id, j.state, j.why, k.device_id as was, %(at)s::timestamptz as at,
           case when (k.from_at at time zone %(zone)s)::date = %(day)s then k.turn + 1 else 1 end as turn
    from judged j
    full join (select * from camera_state where to_at is null) k on k.device_id = j.id
    where j.state is distinct from k.state
      and (j.id is null or k.device_id is null or k.turn <= %(turns)s
           or k.from_at <= %(at)s::timestamptz - make_interval(secs => %(rests_s)s))
), closed as (
    update camera_state k set to_at = c.at from changed c where k.device_id = c.was and k.to_at is null and k.from_at < c.at
), begun as (
    insert into camera_total (day, device_id)
    select %(day)s, c.id from changed c
    where c.was is null and not exists (select from camera_total t where t.device_id = c.id)
    on conflict do nothing
)
insert into camera_state (device_id, from_at, state, why, turn)
select id, at, state, why, turn from changed where id is not null
