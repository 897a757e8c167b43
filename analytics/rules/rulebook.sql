-- name: closed
-- Which of these alerts a desk has ended so that the next event is another one.
select id from alert where id = any (%(ids)s::uuid[]) and handling = any (%(handlings)s::text[])
