-- name: due
select id, shelved_until, seq, now() from alert
where shelved_until <= now()
order by shelved_until
limit %(limit)s
