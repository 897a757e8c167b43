-- name: delete
delete from station_password p using device d where d.code = %(code)s and p.device_id = d.id and p.protocol = %(protocol)s

-- name: device
select id from device where code = %(code)s

-- name: passwords
select p.protocol, p.set_at, case when p.former_until > clock_timestamp() then p.former_until end as former_until
from station_password p join device d on d.id = p.device_id
where d.code = %(code)s and (%(protocol)s::text is null or p.protocol = %(protocol)s)
order by p.protocol

-- name: put
-- The one of before is kept for a while where that is asked for; sealed for the same place, it can be read there. Where
-- the password is the one that is there, the one of before stays who it is, and only its time changes.
with before as (
    select exists (select from station_password where device_id = %(device_id)s and protocol = %(protocol)s) as known
)
insert into station_password as p (device_id, protocol, password)
values (%(device_id)s, %(protocol)s, %(password)s)
on conflict (device_id, protocol) do update
set password = excluded.password, set_at = clock_timestamp(),
    former = case
        when %(hours)s > 0 and not %(same)s then p.password
        when %(hours)s > 0 and p.former_until > now() then p.former end,
    former_until = case
        when %(hours)s > 0 and (not %(same)s or p.former_until > now())
        then clock_timestamp() + make_interval(hours => %(hours)s) end
returning not (select known from before) as created

-- name: stored
select password from station_password where device_id = %(device_id)s and protocol = %(protocol)s for update
