-- name: note
update camera_connection c
set state = %(state)s, since = %(since)s, heard_at = greatest(c.heard_at, %(heard_at)s), last_error = %(error)s,
    last_error_words = %(words)s
from device d
where d.code = %(device)s and c.device_id = d.id and c.kind = %(kind)s and c.changed_at = %(changed_at)s

-- name: lasting
select d.code, p.kind, coalesce(e.attributes ->> 'code', ''), e.attributes ->> 'zone'
from episode p
join device d on d.id = p.device_id and d.code = any(%(devices)s)
join event e on e.id = p.id
where p.ended_at is null and e.attributes ? 'cues'

-- name: left
select d.code, p.kind, coalesce(e.attributes ->> 'code', ''), e.attributes ->> 'zone'
from episode p
join device d on d.id = p.device_id and d.state = 'active'
join event e on e.id = p.id
where p.ended_at is null and e.attributes ? 'cues'
  and not exists (select from camera_connection c
                  where c.device_id = p.device_id and c.kind = 'rtsp' and c.enabled and not c.patrolled)

-- name: note_figures
update camera_connection c set figures = %(figures)s
from device d where d.code = %(device)s and c.device_id = d.id and c.kind = 'rtsp'

-- name: pusher
select d.code from camera_connection c join device d on d.id = c.device_id and d.state = 'active'
where c.secret_hash = %(hash)s and c.kind = 'isapi' and c.enabled

-- name: wanted
select d.code, c.kind, c.url, c.login, c.changed_at,
       array(select substring(a.address from length(d.code) + 2) from device_address a
             where a.scheme = c.kind and a.address ^@ (d.code || '/') order by 1) as channels,
       coalesce((select min(a.address) from device_address a where a.scheme = 'gat1400' and a.device_id = d.id), d.code),
       c.analysis, d.zone
from camera_connection c
join device d on d.id = c.device_id and d.state = 'active'
where c.enabled and not c.patrolled and c.url is not null and c.kind = any(%(kinds)s)
order by d.code, c.kind
