-- name: readings_1d
select bucket as ts, n, min, max, sum / nullif(n, 0) as mean, last, flagged, flags
from reading_1d
where series_id = %(series)s
  and bucket >= %(from)s
  and (%(to)s::timestamptz is null or bucket < %(to)s)
  and (%(after_ts)s::timestamptz is null or bucket > %(after_ts)s)
order by bucket
limit %(limit)s

-- name: readings_1h
select bucket as ts, n, min, max, sum / nullif(n, 0) as mean, last, flagged, flags
from reading_1h
where series_id = %(series)s
  and bucket >= %(from)s
  and (%(to)s::timestamptz is null or bucket < %(to)s)
  and (%(after_ts)s::timestamptz is null or bucket > %(after_ts)s)
order by bucket
limit %(limit)s

-- name: readings_1m
select bucket as ts, n, min, max, sum / nullif(n, 0) as mean, last, flagged, flags
from reading_1m
where series_id = %(series)s
  and bucket >= %(from)s
  and (%(to)s::timestamptz is null or bucket < %(to)s)
  and (%(after_ts)s::timestamptz is null or bucket > %(after_ts)s)
order by bucket
limit %(limit)s

-- name: readings_raw
select ts, value, quality
from reading
where series_id = %(series)s
  and ts >= %(from)s
  and (%(to)s::timestamptz is null or ts < %(to)s)
  and (%(after_ts)s::timestamptz is null or ts > %(after_ts)s)
order by ts
limit %(limit)s

-- name: series
select s.id, s.metric, p.metrics -> s.metric ->> 'unit' as unit
from device d
join profile p on p.id = d.profile_id
left join series s on s.device_id = d.id
where d.code = %(device)s
order by s.metric
