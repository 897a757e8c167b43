-- name: beat
-- Tells whether it is new.
insert into session_holder (id, broker, at) values (%(holder)s, %(broker)s, clock_timestamp())
on conflict (id) do update set broker = excluded.broker, at = excluded.at
returning xmax = 0

-- name: end
delete from session_holder where id = %(holder)s

-- name: failed
-- What is settled stays as it is settled; a reply proves that it was sent all the same.
update command
set state = case when settled_at is null then 'failed' else state end,
    error = case when settled_at is null then %(error)s else error end,
    sent_at = case when replied_at is not null then clock_timestamp() end,
    settled_at = coalesce(settled_at, clock_timestamp())
where id = %(id)s

-- name: forget
delete from session_holder where id in (
    select id from session_holder where at < clock_timestamp() - make_interval(secs => %(forget_s)s)
    for update skip locked)

-- name: not_queued
-- What the network has told of it meanwhile proves that it has it all the same.
update command set state = 'failed', error = %(error)s, settled_at = clock_timestamp()
where id = %(id)s and state = 'pending'

-- name: queued
-- The network may have been faster to tell that it was sent.
update command set queued_at = coalesce(queued_at, clock_timestamp()),
    state = case when state = 'pending' then 'queued' else state end
where id = %(id)s

-- name: sent
-- The reply may have been faster.
update command set sent_at = clock_timestamp(), state = case when state = 'pending' then 'sent' else state end
where id = %(id)s
