-- name: failing
select name, failing_since, now() from warning_source where failing_since is not null

-- name: told
select target from alert where target ^@ 'warnings_stale:' and origin = 'hub' and cleared_at is null
