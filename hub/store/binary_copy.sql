-- name: staging
create temp table if not exists reading_staging (
    ts timestamptz not null, value float8 not null, series_id int not null, quality int2 not null
) on commit delete rows
