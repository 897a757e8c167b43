-- Each series of a device: its newest reading, and its newest 1,000 of the last day (a bound on the work).
-- `latest` is written a moment after `reading`: what has just come is looked up in `reading` itself.
select s.metric, p.metrics -> s.metric as spec, p.metrics ? s.metric as in_profile,
       newest.ts as newest_at, newest.value, coalesce(newest.quality, 0) as quality,
       day.of_day, day.of_hour, day.first_of_hour, day.late, day.out_of_range, day.untimed
from series s
join device d on d.id = s.device_id
join profile p on p.id = d.profile_id
left join lateral (
    select ts, value, quality from (
        select ts, value, quality from latest where series_id = s.id
        union all
        (select ts, value, quality from reading
         where series_id = s.id
           and ts > %(now)s::timestamptz - interval '1 day' and ts < %(now)s::timestamptz + interval '1 day'
         order by ts desc limit 1)
    ) either
    order by ts desc limit 1
) newest on true
cross join lateral (
    select count(*) as of_day,
           count(*) filter (where ts > %(now)s::timestamptz - interval '1 hour') as of_hour,
           min(ts) filter (where ts > %(now)s::timestamptz - interval '1 hour') as first_of_hour,
           count(*) filter (where r.quality & 1 <> 0) as late,
           count(*) filter (where r.quality & 2 <> 0) as out_of_range,
           count(*) filter (where r.quality & 4 <> 0) as untimed
    from (
        select ts, quality from reading
        where series_id = s.id
          and ts > %(now)s::timestamptz - interval '1 day' and ts < %(now)s::timestamptz + interval '1 day'
        order by ts desc limit 1000
    ) r
) day
where s.device_id = %(id)s and (p.metrics ? s.metric or newest.ts is not null)
order by s.id
limit 100
