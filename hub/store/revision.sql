-- name: rules_xmin
-- Every transaction that a later look must still find is this one or a later one.
select pg_snapshot_xmin(pg_current_snapshot())::text
