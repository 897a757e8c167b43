-- name: one_snapshot
set transaction isolation level repeatable read, read only

-- name: snapshot
-- What this transaction sees: `since` of the next look.
select pg_current_snapshot()::text
