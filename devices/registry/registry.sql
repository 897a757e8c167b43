-- name: addresses
-- The addresses of some devices; columns as in addresses_all.
select array_agg(device_id), array_agg(scheme), array_agg(address) from device_address where device_id = any (%(ids)s)

-- name: addresses_all
-- All addresses as columns in one row.
select array_agg(device_id), array_agg(scheme), array_agg(address) from device_address

-- name: codes
-- What operators say that codes mean, of protocols of which that changed since the last look: the newest version.
select distinct on (c.protocol) c.protocol, c.body
from code_table c
where exists (
    select from code_table n
    where n.protocol = c.protocol and not pg_visible_in_snapshot(n.revision, %(since)s::pg_snapshot)
      and n.revision < pg_snapshot_xmax(pg_current_snapshot()))
order by c.protocol, c.version desc

-- name: devices
-- Some devices; columns as in devices_all.
select string_agg(int4send(d.id), ''), string_agg(int4send(d.profile_id), ''),
       string_agg(int4send(coalesce(d.parent_id, 0)), ''), string_agg(left(d.state, 1), ''),
       string_agg(d.code, E'\n'), string_agg(translate(d.name, E'\n', ' '), E'\n'), string_agg(d.zone, E'\n'),
       string_agg(coalesce(d.organisation, ''), E'\n'), string_agg(coalesce(d.region, ''), E'\n'),
       string_agg(float8send(coalesce(d.lon, 'NaN')), ''), string_agg(float8send(coalesce(d.lat, 'NaN')), ''),
       (select jsonb_object_agg(p.id, p.code) from device p
        where p.id = any (array(select parent_id from device where id = any (%(ids)s) and parent_id is not null))),
       string_agg(array_to_string(d.area_keys, E'\t'), E'\n'),
       string_agg(int8send(coalesce((extract(epoch from d.active_since) * 1000000)::bigint, -(1::bigint << 62))), '')
from device d
where d.id = any (%(ids)s)

-- name: devices_all
-- All devices as columns in one row, and the codes of those that others hang below.
-- A value each row and column would be a million small ones in the driver: four times as long.
select string_agg(int4send(d.id), ''), string_agg(int4send(d.profile_id), ''),
       string_agg(int4send(coalesce(d.parent_id, 0)), ''), string_agg(left(d.state, 1), ''),
       string_agg(d.code, E'\n'), string_agg(translate(d.name, E'\n', ' '), E'\n'), string_agg(d.zone, E'\n'),
       string_agg(coalesce(d.organisation, ''), E'\n'), string_agg(coalesce(d.region, ''), E'\n'),
       string_agg(float8send(coalesce(d.lon, 'NaN')), ''), string_agg(float8send(coalesce(d.lat, 'NaN')), ''),
       (select jsonb_object_agg(p.id, p.code) from device p
        where p.id in (select parent_id from device where parent_id is not null)),
       string_agg(array_to_string(d.area_keys, E'\t'), E'\n'),
       string_agg(int8send(coalesce((extract(epoch from d.active_since) * 1000000)::bigint, -(1::bigint << 62))), '')
from device d

-- name: everything
-- As news, at the first look: all profiles.
select pg_current_snapshot()::text, null::int[],
       (select jsonb_agg(jsonb_build_array(
           id, code, version, max_future_s, metrics, case when unknown_metrics = 'add' then max_metrics else 0 end, mapping,
           on_conflict, allowed_lateness_s, payload, codes, guards, polling, interval_s
       ))
        from profile)

-- name: news
-- The snapshot of this look; devices that changed since the last one (hub/store/revision.py), or whose series or profile
-- did; and the profiles that changed. The columns of devices are asked for by id: one statement over all would be
-- planned for a third of the devices, and take 1 s for a single one.
select pg_current_snapshot()::text,
       (select array_agg(id) from (
           select id from device
           where revision >= pg_snapshot_xmin(%(since)s::pg_snapshot)
             and not pg_visible_in_snapshot(revision, %(since)s::pg_snapshot)
             and revision < pg_snapshot_xmax(pg_current_snapshot())
           union
           select device_id from series
           where revision >= pg_snapshot_xmin(%(since)s::pg_snapshot)
             and not pg_visible_in_snapshot(revision, %(since)s::pg_snapshot)
             and revision < pg_snapshot_xmax(pg_current_snapshot())
           union
           select d.id
           from profile p join device d on d.profile_id = p.id
           where p.revision >= pg_snapshot_xmin(%(since)s::pg_snapshot)
             and not pg_visible_in_snapshot(p.revision, %(since)s::pg_snapshot)
             and p.revision < pg_snapshot_xmax(pg_current_snapshot())
       ) changed),
       (select jsonb_agg(jsonb_build_array(
           id, code, version, max_future_s, metrics, case when unknown_metrics = 'add' then max_metrics else 0 end, mapping,
           on_conflict, allowed_lateness_s, payload, codes, guards, polling, interval_s
       ))
        from profile
        where revision >= pg_snapshot_xmin(%(since)s::pg_snapshot)
          and not pg_visible_in_snapshot(revision, %(since)s::pg_snapshot)
          and revision < pg_snapshot_xmax(pg_current_snapshot()))

-- name: series
-- The series of some devices; columns as in series_all.
with wanted as materialized (select device_id, id, metric from series where device_id = any (%(ids)s)),
named as materialized (
    select metric, row_number() over (order by metric) - 1 as place from (select distinct metric from wanted) m
)
select string_agg(int4send(device_id), ''), string_agg(int4send(id), ''), string_agg(int4send(place::int), ''),
       (select string_agg(metric, E'\n' order by place) from named)
from wanted join named using (metric)

-- name: series_add
-- Series for metrics that devices sent and their profile does not know, as far as the profile lets them have more.
with wanted as (
    select device_id, metric, min(place) as place
    from unnest(%(devices)s::int[], %(metrics)s::text[]) with ordinality as w (device_id, metric, place)
    group by device_id, metric
),
fresh as (
    select w.device_id, w.metric, row_number() over (partition by w.device_id order by w.place) as number
    from wanted w
    where not exists (select from series s where s.device_id = w.device_id and s.metric = w.metric)
)
insert into series (device_id, metric)
select f.device_id, f.metric
from fresh f
join device d on d.id = f.device_id
join profile p on p.id = d.profile_id
where p.unknown_metrics = 'add'
  and f.number + (select count(*) from series s where s.device_id = f.device_id) <= p.max_metrics
order by f.device_id, f.number
on conflict do nothing

-- name: series_all
-- All series as columns in one row; metrics by their place among the names.
with named as materialized (
    select metric, row_number() over (order by metric) - 1 as place from (select distinct metric from series) m
)
select string_agg(int4send(device_id), ''), string_agg(int4send(id), ''), string_agg(int4send(place::int), ''),
       (select string_agg(metric, E'\n' order by place) from named)
from series join named using (metric)

-- name: series_lock
-- Who adds metrics to a device takes turns, so that its limit holds.
select id from device where id = any (%(devices)s) order by id for no key update
