-- name: connections
select d.code as device, c.kind, c.url, c.pushes, c.login, c.enabled,
       c.state, c.since, c.heard_at, c.last_error, c.last_error_words, c.analysis, c.figures, c.patrolled
from camera_connection c
join device d on d.id = c.device_id
where (%(code)s::text is null or (d.code, c.kind) = (%(code)s, %(kind)s))
  and (%(after_device)s::text is null or (d.code, c.kind) > (%(after_device)s, %(after_kind)s))
order by d.code, c.kind
limit %(limit)s

-- name: delete
delete from camera_connection c using device d where d.code = %(code)s and c.device_id = d.id and c.kind = %(kind)s

-- name: put
insert into camera_connection (device_id, kind, url, login, secret_hash, enabled, analysis, patrolled)
select d.id, %(kind)s, %(url)s, %(login)s, %(secret_hash)s, %(enabled)s, %(analysis)s, %(patrolled)s from device d where d.code = %(code)s
on conflict (device_id, kind) do update
set url = excluded.url, login = excluded.login, secret_hash = excluded.secret_hash, enabled = excluded.enabled,
    analysis = excluded.analysis, patrolled = excluded.patrolled, figures = null,
    changed_at = clock_timestamp(), state = 'new', since = null, last_error = null, last_error_words = null

-- name: stored
select d.code as device, c.kind, c.url, c.login
from camera_connection c join device d on d.id = c.device_id
where d.code = %(code)s and c.kind = %(kind)s
