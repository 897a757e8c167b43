-- name: seconds
round(coalesce(sum(w.seconds) filter (where k.state = 'sound'), 0))::int as sound_s,
round(coalesce(sum(w.seconds) filter (where k.state = 'faulty'), 0))::int as faulty_s,
round(coalesce(sum(w.seconds) filter (where k.state = 'offline'), 0))::int as offline_s,
round(coalesce(sum(w.seconds) filter (where k.state = 'unknown'), 0))::int as unknown_s,
round(coalesce(sum(w.seconds) filter (where k.state = 'maintained'), 0))::int as maintained_s

-- name: span
-- The first and the last day of which totals are known, and until when states are.
select min(t.day), max(t.day), (select at from camera_watch) from camera_total t

-- name: gaps
select coalesce(sum(extract(epoch from least(g.to_at, %(to_at)s) - greatest(g.from_at, %(from_at)s))), 0)::float8
from camera_gap g where g.from_at < %(to_at)s and g.to_at > %(from_at)s

-- name: which
(%(region)s::text is null or d.region ^@ %(region)s)
and (%(organisation)s::text is null or d.organisation = %(organisation)s)
and (%(area)s::text is null or '/@' || %(area)s = any (d.area_keys))
and (%(platform)s::text is null or g.code = %(platform)s)

-- name: key
case %(by)s::text when 'region' then left(d.region, %(digits)s) when 'organisation' then d.organisation
                  when 'area' then u.area when 'platform' then g.code else '' end as key

-- name: grouped
left join device g on g.id = d.parent_id
left join lateral unnest(areas_of(d.area_keys)) u (area) on %(by)s = 'area'

-- name: times
-- The difference of two totals, and what has come since the later one.
with begun as (
    select * from camera_total where day = %(first)s
), ended as (
    select * from camera_total where day = %(anchor)s
), since as (
    select k.device_id,
-- use: seconds
    from camera_state k
    cross join lateral (
        select date_part('epoch', least(k.to_at, %(until)s) - greatest(k.from_at, %(since)s)) as seconds) w
    where k.from_at < %(until)s and (k.to_at is null or k.to_at > %(since)s)
      and %(since)s::timestamptz < %(until)s::timestamptz
    group by k.device_id
), each as (
    select device_id,
           coalesce(e.sound_s, 0) + coalesce(n.sound_s, 0) - coalesce(b.sound_s, 0) as sound_s,
           coalesce(e.faulty_s, 0) + coalesce(n.faulty_s, 0) - coalesce(b.faulty_s, 0) as faulty_s,
           coalesce(e.offline_s, 0) + coalesce(n.offline_s, 0) - coalesce(b.offline_s, 0) as offline_s,
           coalesce(e.unknown_s, 0) + coalesce(n.unknown_s, 0) - coalesce(b.unknown_s, 0) as unknown_s,
           coalesce(e.maintained_s, 0) + coalesce(n.maintained_s, 0) - coalesce(b.maintained_s, 0) as maintained_s
    from ended e full join since n using (device_id) left join begun b using (device_id)
)
select
-- use: key
, count(*) filter (where e.sound_s + e.faulty_s + e.offline_s + e.unknown_s > 0) as cameras,
sum(e.sound_s)::bigint as sound, sum(e.faulty_s)::bigint as faulty, sum(e.offline_s)::bigint as offline,
sum(e.unknown_s)::bigint as unknown, sum(e.maintained_s)::bigint as maintained
from each e
join device d on d.id = e.device_id
-- use: grouped
where
-- use: which
group by 1

-- name: now
-- How many are so now.
select
-- use: key
, count(*) filter (where k.state <> 'maintained') as cameras,
count(*) filter (where k.state = 'sound') as sound, count(*) filter (where k.state = 'faulty') as faulty,
count(*) filter (where k.state = 'offline') as offline, count(*) filter (where k.state = 'unknown') as unknown,
count(*) filter (where k.state = 'maintained') as maintained
from camera_state k
join device d on d.id = k.device_id
-- use: grouped
where k.to_at is null and
-- use: which
group by 1

-- name: history
select k.from_at, k.to_at, k.state, k.why
from camera_state k join device d on d.id = k.device_id
where d.code = %(code)s and k.from_at < %(to)s and (k.to_at is null or k.to_at > %(from)s)
  and (%(after_from_at)s::timestamptz is null or k.from_at < %(after_from_at)s)
order by k.from_at desc
limit %(limit)s

-- name: platforms
select code as key, name from device where code = any (%(keys)s)
