select ts, value, quality
from reading
where series_id = %(series)s
  and ts >= %(from)s
  and (%(to)s::timestamptz is null or ts < %(to)s)
  and (%(after_ts)s::timestamptz is null or ts > %(after_ts)s)
order by ts
limit %(limit)s
