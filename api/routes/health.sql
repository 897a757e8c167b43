-- name: alive
select 1 as alive
