-- Once for a session: who has it already does not take it a second time.
select exists (
    select from pg_locks
    where locktype = 'advisory' and pid = pg_backend_pid() and granted and objsubid = 1
) or pg_try_advisory_lock(hashtextextended('ganzhi ' || %(name)s, 0))
