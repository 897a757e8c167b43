-- name: connected
select transport, count(*) from session where ended_at is null group by transport order by transport

-- name: controls
-- Those that are on, and those that wait for a second person.
select d.code, case when c.approved_at is null then 'asked for' else 'on' end, c.until, c.reason
from device_control c join device d on d.id = c.device_id
where c.until > clock_timestamp()
order by c.until, d.code limit %(limit)s

-- name: twins
-- Of the last day: it is noted every ten minutes while both send.
select d.code, s.twin_peers, s.twin_at
from session s join device d on d.id = s.device_id
where s.twin_at > clock_timestamp() - interval '1 day'
order by s.twin_at desc limit %(limit)s

-- name: wrong_passwords
select device, count(*), max(received_at)
from dead_letter
where received_at > clock_timestamp() - interval '1 day' and reason in ('wrong_password', 'password_unreadable')
  and device is not null
group by device order by 3 desc limit %(limit)s
