-- name: names
-- Of those who may be on duty.
select id, name from principal where kind = 'person'
