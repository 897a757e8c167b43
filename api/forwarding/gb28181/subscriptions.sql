-- name: read
select event, call_id, local, remote, contact, number, expires_at from forward_subscription
where target_id = %(target)s and expires_at > now()

-- name: put
insert into forward_subscription (target_id, event, call_id, local, remote, contact, number, expires_at)
values (%(target)s, %(event)s, %(call_id)s, %(local)s, %(remote)s, %(contact)s, %(number)s, %(expires_at)s)
on conflict (target_id, event) do update
set call_id = excluded.call_id, local = excluded.local, remote = excluded.remote, contact = excluded.contact,
    number = excluded.number, expires_at = excluded.expires_at

-- name: drop
delete from forward_subscription
where target_id = %(target)s and event = %(event)s and call_id = %(call_id)s
