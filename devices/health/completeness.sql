-- name: completeness_count
-- A day of one zone: what the intervals let expect while nobody worked on a device, and what came, at most that.
with open as (
    select d.id, d.profile_id, greatest(%(from_at)s, d.created_at) as from_at
    from device d
    where d.state = 'active' and d.zone = %(zone)s and d.created_at < %(to_at)s
), worked as (
    select r.device_id, sum(extract(epoch from upper(r.part) - lower(r.part)))::float8 as seconds
    from (
        select o.id as device_id,
               unnest(range_agg(tstzrange(greatest(m.from_at, o.from_at), least(m.to_at, %(to_at)s)))) as part
        from maintained m join open o on o.id = m.device_id
        where m.from_at < %(to_at)s and m.to_at > o.from_at
        group by o.id
    ) r
    group by r.device_id
), metric as (
    select p.id as profile_id, m.key as metric, coalesce((m.value ->> 'interval_s')::float8, p.interval_s) as interval_s
    from profile p cross join lateral jsonb_each(p.metrics) m
), came as materialized (
    select * from readings_counted(%(from_at)s, %(to_at)s)
), counted as (
    select o.id,
           floor(greatest(extract(epoch from %(to_at)s - o.from_at)::float8 - coalesce(w.seconds, 0), 0)
                 / m.interval_s)::bigint as expected,
           coalesce(c.n, 0) as n
    from open o
    join metric m on m.profile_id = o.profile_id and m.interval_s > 0
    left join worked w on w.device_id = o.id
    left join series s on s.device_id = o.id and s.metric = m.metric
    left join came c on c.series_id = s.id
)
insert into completeness (device_id, day, expected, received, counted_at)
select id, %(day)s, least(sum(expected), 2147483647), least(sum(least(expected, n)), 2147483647), clock_timestamp()
from counted group by id
on conflict (device_id, day) do update
set expected = excluded.expected, received = excluded.received, counted_at = excluded.counted_at

-- name: completeness_due
-- Today in each zone, and yesterday until it has been counted an hour after its end: late data counts until then.
select z.zone, z.day, z.from_at, least(z.to_at, now())
from (
    select d.zone, n.day, n.day::timestamp at time zone d.zone as from_at,
           (n.day + 1)::timestamp at time zone d.zone as to_at
    from (select distinct zone from device where state = 'active') d
    cross join lateral (select (now() at time zone d.zone)::date) t (today)
    cross join lateral (values (t.today - 1), (t.today)) n (day)
) z
where z.to_at > now() or not exists (
    select from completeness c join device d on d.id = c.device_id
    where c.day = z.day and d.zone = z.zone and c.counted_at >= z.to_at + interval '1 hour'
)
order by z.day, z.zone

-- name: health_expire
with history as (
    delete from device_online where at < clock_timestamp() - make_interval(days => %(keep_days)s)
)
delete from completeness where day < current_date - %(keep_days)s::int
