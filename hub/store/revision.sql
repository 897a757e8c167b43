-- name: one_snapshot
set transaction isolation level repeatable read, read only

-- name: snapshot
-- What this transaction sees: `since` of the next look.
select pg_current_snapshot()::text

-- name: rules_xmin
-- Every transaction that a later look must still find is this one or a later one.
select pg_snapshot_xmin(pg_current_snapshot())::text
