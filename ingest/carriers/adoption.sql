-- name: known
select s.subscription, array_agg(s.address) as addresses
from (
    select s.subscription, s.address
    from push_sender s
    join push_subscription p on p.code = s.subscription
    join device_address a on a.scheme = push_scheme(p.platform) and a.address = s.address
    join device d on d.id = a.device_id and d.state = 'active'
    where s.waits
    order by s.first_at, s.address
    limit %(limit)s
) s
group by s.subscription

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
-- But for whom a process has refused that did not know it yet, while the others were put through.
update push_sender s
set waits = false
where s.subscription = %(subscription)s and s.address = any (%(addresses)s)
  and not exists (
      select from dead_letter l
      where l.device = s.address and l.reason = 'unknown_device' and l.received_at > %(until)s
        and l.transport = %(transport)s and l.address ^@ (s.subscription || '/'))
