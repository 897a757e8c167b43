-- name: add_devices
insert into drill_device (drill_id, device_id) select %(id)s, unnest(%(devices)s::int[])

-- name: devices
-- The devices of a test, with what they proved.
select d.code as device, d.name as device_name, m.over,
       coalesce((select jsonb_agg(jsonb_build_object(
                     'alert', p.alert_id, 'event_kind', p.event_kind, 'metric', p.metric, 'at', p.at,
                     'accepted_at', p.accepted_at, 'delay_s', extract(epoch from p.accepted_at - p.at)::float8,
                     'real_at', p.real_at,
                     'answered', coalesce(told.answered, '{}'), 'unanswered', coalesce(told.unanswered, '{}'))
                     order by p.accepted_at)
                 from proof_test p
                 left join lateral (
                     select array_agg(c.code order by c.code) filter (where o.state = 'delivered') as answered,
                            array_agg(c.code order by c.code) filter (where o.state <> 'delivered') as unanswered
                     from outbox o join consumer c on c.id = o.consumer_id
                     where o.alert_id = p.alert_id and o.seq = 1
                 ) told on true
                 where p.drill_id = m.drill_id and p.device_id = m.device_id), '[]') as proofs
from drill_device m
join device d on d.id = m.device_id
where m.drill_id = %(id)s
order by d.code

-- name: overdue
-- Devices in use whose profile wants a test within so many days, of their last proof or of their registration, that had none.
select d.id, d.code as device, d.name as device_name, p.code as profile, d.region, p.test_every_days,
       last.at as last_at, coalesce(last.at, d.created_at) + make_interval(days => p.test_every_days) as due_at
from device d
join profile p on p.id = d.profile_id and p.test_every_days is not null
left join (select device_id, max(at) as at from proof_test group by device_id) last on last.device_id = d.id
where d.state = 'active'
  and coalesce(last.at, d.created_at) + make_interval(days => p.test_every_days) < now()
  and (%(profile)s::text is null or p.code = %(profile)s)
  and (%(region)s::text is null or d.region ^@ %(region)s)
  and (%(after_due_at)s::timestamptz is null
       or (coalesce(last.at, d.created_at) + make_interval(days => p.test_every_days), d.id)
          > (%(after_due_at)s, %(after_id)s::int))
order by due_at, d.id
limit %(limit)s

-- name: overdue_counts
-- Of each profile that wants tests.
select p.code as profile, p.test_every_days, count(d.id) as devices,
       count(d.id) filter (where coalesce(last.at, d.created_at) + make_interval(days => p.test_every_days) < now())
           as overdue,
       count(d.id) filter (where last.at is null) as never
from profile p
left join device d on d.profile_id = p.id and d.state = 'active'
left join (select device_id, max(at) as at from proof_test group by device_id) last on last.device_id = d.id
where p.test_every_days is not null
group by p.id
order by p.code

-- name: tested
-- Of these devices one that is in a test that has not ended, or is not over yet.
select d.code, t.ends_at
from drill_device m
join device d on d.id = m.device_id
join drill t on t.id = m.drill_id
where m.device_id = any (%(devices)s) and not m.over
order by d.code
limit 1
