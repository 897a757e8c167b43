select bucket as ts, n, min, max, sum / n as mean, last
from reading_1m
where series_id = %(series)s
  and bucket >= %(from)s
  and (%(to)s::timestamptz is null or bucket < %(to)s)
  and (%(after_ts)s::timestamptz is null or bucket > %(after_ts)s)
order by bucket
limit %(limit)s
