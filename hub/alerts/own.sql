-- name: lasting
-- A few: those of the hub that have not cleared, whoever handles them.
select id from alert where target = %(target)s and origin = 'hub' and cleared_at is null
