-- name: newest
-- Packed: series, when its newest reading counts, value, quality.
select string_agg(
           int4send(series_id) || timestamptz_send(least(coalesce(watermark, ts), now())) || float8send(value)
               || int2send(quality), '')
from latest
where series_id = any(%(series)s::int[]) and coalesce(watermark, ts) > %(since)s::timestamptz
