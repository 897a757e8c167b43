-- name: merge
-- NaN: the device gave no time of its own.
insert into device_seen (device_id, seen_at, clock_offset_s)
select device_id, seen_at, nullif(clock_offset_s, 'NaN') from seen_staging
on conflict (device_id) do update
set seen_at = excluded.seen_at, clock_offset_s = coalesce(excluded.clock_offset_s, device_seen.clock_offset_s)
where excluded.seen_at > device_seen.seen_at

-- name: staging
create temp table if not exists seen_staging (
    device_id int not null, seen_at timestamptz not null, clock_offset_s float8 not null
) on commit delete rows
