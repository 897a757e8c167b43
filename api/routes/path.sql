-- name: path
select begun_at, published_at, received_at, applied_at, delivered_at, complete_at, took_ms, broken_at, reached, called_at,
       call_error
from path_round
