-- name: read
select responds from forward_registration where target_id = %(target)s

-- name: registered
insert into forward_registration (target_id, registered_at, expires_at, heard_at)
values (%(target)s, now(), now() + %(seconds)s::float8 * interval '1 second', now())
on conflict (target_id) do update
set registered_at = case when %(renewed)s then coalesce(forward_registration.registered_at, now()) else now() end,
    expires_at = excluded.expires_at, heard_at = excluded.heard_at

-- name: works
update forward_position set failing_since = null, last_error = null, last_error_words = null
where target_id = %(target)s and failing_since is not null

-- name: heard
update forward_registration set heard_at = now() where target_id = %(target)s

-- name: lost
update forward_registration set registered_at = null, expires_at = null where target_id = %(target)s

-- name: responds
update forward_registration set responds = %(responds)s where target_id = %(target)s

-- name: shown
update forward_registration set catalogue_at = now(), catalogue_channels = %(channels)s where target_id = %(target)s

-- name: superiors
select id, code, name, host, port, number, password, at_once, platform::text
from forward_target where enabled and kind = 'gb28181' order by id
