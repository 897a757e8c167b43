-- name: take
-- Once for a session: who has it already does not take it a second time.
select exists (
    select from pg_locks
    where locktype = 'advisory' and pid = pg_backend_pid() and granted and objsubid = 1
) or pg_try_advisory_lock(hashtextextended('ganzhi ' || %(name)s, 0))

-- name: watch
-- A holder whose machine has vanished is noticed within half a minute, not after the system's two hours.
select set_config('tcp_keepalives_idle', '10', false),
       set_config('tcp_keepalives_interval', '5', false),
       set_config('tcp_keepalives_count', '4', false)
