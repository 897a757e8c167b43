-- name: edges_heard
-- How many edges there are, since when they all receive without a gap (null: one does not, or has just died), and until
-- when all that they received is in Kafka. In microseconds.
select count(*) filter (where ears),
       case when isfinite(max(since)) then (extract(epoch from max(since)) * 1000000)::bigint end,
       coalesce((extract(epoch from min(at) filter (where ears)) * 1000000)::bigint, 0)
from listening
where ears or source = ''
