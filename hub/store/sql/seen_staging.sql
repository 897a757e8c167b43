create temp table if not exists seen_staging (
    device_id int not null, seen_at timestamptz not null, clock_offset_s float8 not null
) on commit delete rows
