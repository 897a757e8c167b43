-- name: path
select extract(epoch from now() - complete_at)::float8, took_ms, broken_at, reached from path_round
