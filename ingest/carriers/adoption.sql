-- name: known
select s.subscription, s.address
from push_sender s
join push_subscription p on p.code = s.subscription
join device_address a on a.scheme = push_scheme(p.platform) and a.address = s.address
join device d on d.id = a.device_id and d.state = 'active'
where s.waits
order by s.first_at, s.address
limit %(limit)s

-- name: link
-- By IMEI: messages of presence and of commands do not tell it.
insert into device_address (scheme, address, device_id)
select push_scheme(p.platform), s.address, a.device_id
from push_sender s
join push_subscription p on p.code = s.subscription
join device_address a on a.scheme = 'imei' and a.address = s.imei
where s.waits
on conflict do nothing

-- name: settled
update push_sender set waits = false where subscription = %(subscription)s and address = %(address)s
