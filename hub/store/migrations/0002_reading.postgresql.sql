-- Readings on plain PostgreSQL: native partitions, one a month; the aggregates are views of the same names.

create table reading (
    ts timestamptz not null,
    value float8 not null,
    series_id int not null,
    quality int2 not null default 0,
    primary key (series_id, ts)
) partition by range (ts);

-- Makes the partition of a month (UTC) if it is not there; safe to call from many sessions at once.
create function ensure_partition(month date) returns void language plpgsql as $$
declare
    name text := 'reading_' || to_char(month, 'YYYY_MM');
begin
    perform pg_advisory_xact_lock(hashtext('ganzhi.partition'));
    execute format('create table if not exists %I partition of reading for values from (%L) to (%L)',
                   name, date_trunc('month', month)::date::text || ' 00:00:00+00',
                   (date_trunc('month', month) + interval '1 month')::date::text || ' 00:00:00+00');
end $$;

-- Drops each partition whose month ended before the limit.
create function drop_readings_before(limit_ts timestamptz) returns void language plpgsql as $$
declare
    name text;
begin
    perform pg_advisory_xact_lock(hashtext('ganzhi.partition'));
    for name in select inhrelid::regclass::text from pg_inherits where inhparent = 'reading'::regclass loop
        if to_date(right(name, 7), 'YYYY_MM') + interval '1 month' <= limit_ts at time zone 'UTC' then
            execute 'drop table ' || name;
        end if;
    end loop;
end $$;

-- As TimescaleDB's for widths without months; buckets start on Monday, 2000-01-03, midnight UTC.
create function time_bucket(width interval, ts timestamptz) returns timestamptz
    language sql immutable parallel safe as $$ select date_bin(width, ts, timestamptz '2000-01-03 00:00:00+00') $$;

create view reading_1m as
select series_id, time_bucket('1 minute', ts) as bucket,
       count(*) as n, min(value) as min, max(value) as max, sum(value) as sum, (array_agg(value order by ts desc))[1] as last
from reading group by series_id, bucket;
create view reading_1h as
select series_id, time_bucket('1 hour', ts) as bucket,
       count(*) as n, min(value) as min, max(value) as max, sum(value) as sum, (array_agg(value order by ts desc))[1] as last
from reading group by series_id, bucket;
create view reading_1d as
select series_id, time_bucket('1 day', ts) as bucket,
       count(*) as n, min(value) as min, max(value) as max, sum(value) as sum, (array_agg(value order by ts desc))[1] as last
from reading group by series_id, bucket;
