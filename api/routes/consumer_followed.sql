-- name: followed
-- Consumers that follow the log of alert changes, with what their topic is named by.
select code, kind, settings ->> 'name' as name from consumer where kind = any (%(kinds)s) order by code

-- name: followed_lock
-- Who makes one takes turns: checks made in a transaction stay true in it.
select pg_advisory_xact_lock(hashtext('ganzhi.followed'))
