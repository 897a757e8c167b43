-- name: told
select target from alert where origin = 'hub' and cleared_at is null and target like 'channel\_degraded:%'
