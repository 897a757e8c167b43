-- name: approve
update device_control c set approved_by = %(by)s, approved_at = clock_timestamp()
from device d
where d.code = %(code)s and c.device_id = d.id

-- name: ask
insert into device_control (device_id, reason, until, asked_by)
select d.id, %(reason)s, %(until)s, %(by)s from device d where d.code = %(code)s
on conflict (device_id) do update
set reason = excluded.reason, until = excluded.until, asked_by = excluded.asked_by, asked_at = clock_timestamp(),
    approved_by = null, approved_at = null

-- name: control
select case
           when c.until <= clock_timestamp() then 'over'
           when c.approved_at is null then 'waiting'
           else 'on' end as state,
       c.reason, c.until, coalesce(asker.name, c.asked_by) as asked_by, c.asked_at,
       coalesce(approver.name, c.approved_by) as approved_by, c.approved_at
from device d
join device_control c on c.device_id = d.id
left join principal asker on c.asked_by = 'principal:' || asker.id
left join principal approver on c.approved_by = 'principal:' || approver.id
where d.code = %(code)s

-- name: lock
select c.asked_by from public.device_control c join device d on d.id = c.device_id where d.code = %(code)s
for update of c

-- name: off
delete from device_control c using device d where d.code = %(code)s and c.device_id = d.id
