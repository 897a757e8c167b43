select array_agg(series_id), array_agg((extract(epoch from ts) * 1000000)::int8), array_agg(value), array_agg(quality)
from latest
