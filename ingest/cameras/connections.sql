-- name: note
update camera_connection c
set state = %(state)s, since = %(since)s, heard_at = greatest(c.heard_at, %(heard_at)s), last_error = %(error)s,
    last_error_words = %(words)s
from device d
where d.code = %(device)s and c.device_id = d.id and c.kind = %(kind)s and c.changed_at = %(changed_at)s

-- name: pusher
select d.code from camera_connection c join device d on d.id = c.device_id and d.state = 'active'
where c.secret_hash = %(hash)s and c.kind = 'isapi' and c.enabled

-- name: wanted
select d.code, c.kind, c.url, c.login, c.changed_at,
       array(select substring(a.address from length(d.code) + 2) from device_address a
             where a.scheme = c.kind and a.address ^@ (d.code || '/') order by 1) as channels,
       coalesce((select min(a.address) from device_address a where a.scheme = 'gat1400' and a.device_id = d.id), d.code)
from camera_connection c
join device d on d.id = c.device_id and d.state = 'active'
where c.enabled and c.url is not null and c.kind in ('isapi', 'onvif', 'gat1400')
order by d.code, c.kind
