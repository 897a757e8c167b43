-- Rollups leave out what is not usable: readings with a flag of the mask 13282 (hub.quality.UNUSABLE), and values that
-- are not finite or so large that a sum could overflow. `flagged` counts them, `flags` are those of all readings.

create or replace view reading_1m as
select series_id, time_bucket('1 minute', ts) as bucket,
       count(*) filter (where quality & 13282 = 0 and abs(value) < 1e300) as n,
       min(value) filter (where quality & 13282 = 0 and abs(value) < 1e300) as min,
       max(value) filter (where quality & 13282 = 0 and abs(value) < 1e300) as max,
       sum(value) filter (where quality & 13282 = 0 and abs(value) < 1e300) as sum,
       (array_agg(value order by ts desc) filter (where quality & 13282 = 0 and abs(value) < 1e300))[1] as last,
       count(*) - count(*) filter (where quality & 13282 = 0 and abs(value) < 1e300) as flagged,
       bit_or(quality) as flags
from reading group by series_id, bucket;
create or replace view reading_1h as
select series_id, time_bucket('1 hour', ts) as bucket,
       count(*) filter (where quality & 13282 = 0 and abs(value) < 1e300) as n,
       min(value) filter (where quality & 13282 = 0 and abs(value) < 1e300) as min,
       max(value) filter (where quality & 13282 = 0 and abs(value) < 1e300) as max,
       sum(value) filter (where quality & 13282 = 0 and abs(value) < 1e300) as sum,
       (array_agg(value order by ts desc) filter (where quality & 13282 = 0 and abs(value) < 1e300))[1] as last,
       count(*) - count(*) filter (where quality & 13282 = 0 and abs(value) < 1e300) as flagged,
       bit_or(quality) as flags
from reading group by series_id, bucket;
create or replace view reading_1d as
select series_id, time_bucket('1 day', ts) as bucket,
       count(*) filter (where quality & 13282 = 0 and abs(value) < 1e300) as n,
       min(value) filter (where quality & 13282 = 0 and abs(value) < 1e300) as min,
       max(value) filter (where quality & 13282 = 0 and abs(value) < 1e300) as max,
       sum(value) filter (where quality & 13282 = 0 and abs(value) < 1e300) as sum,
       (array_agg(value order by ts desc) filter (where quality & 13282 = 0 and abs(value) < 1e300))[1] as last,
       count(*) - count(*) filter (where quality & 13282 = 0 and abs(value) < 1e300) as flagged,
       bit_or(quality) as flags
from reading group by series_id, bucket;

-- As on TimescaleDB; here views compute everything when asked, and the table stays empty.
create table rollup_rebuild (
    view text primary key,
    from_at timestamptz not null,
    to_at timestamptz not null,
    done_until timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz
);

-- How many readings of each series came between two times, the unusable among them.
create or replace function readings_counted(from_at timestamptz, to_at timestamptz)
    returns table (series_id int, n bigint) language sql stable as $$
    select r.series_id, count(*) from reading r where r.ts >= from_at and r.ts < to_at group by r.series_id
$$;
