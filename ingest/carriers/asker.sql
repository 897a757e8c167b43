-- name: due
-- Devices whose newest state is not known yet come first.
select g.device_id, s.address, s.product, g.attempts, g.again, g.from_at, g.to_at
from (
    select device_id, max(attempts) as attempts, bool_and(latest_at is not null) as again, min(from_at) as from_at,
           max(to_at) as to_at, min(due_at) as due_at
    from push_gap
    where subscription = %(code)s and state = 'waits' and due_at <= clock_timestamp()
    group by device_id
    order by again, due_at, device_id
    limit %(limit)s
) g
cross join lateral (
    select a.address, s.product
    from device_address a
    left join push_sender s on s.subscription = %(code)s and s.address = a.address
    where a.device_id = g.device_id and a.scheme = push_scheme(%(platform)s)
    order by s.address is null, a.address
    limit 1
) s
order by g.again, g.due_at, g.device_id

-- name: note
update push_subscription set api_error = %(error)s, api_error_words = %(words)s where code = %(code)s

-- name: refused
update push_gap
set attempts = attempts + 1, due_at = clock_timestamp() + make_interval(secs => %(wait_s)s), why = %(why)s,
    why_words = %(words)s, state = case when %(over)s then %(state)s else state end
where device_id = %(device)s and subscription = %(code)s and state = 'waits'
  and to_at <= %(until)s

-- name: span
select min(from_at), max(to_at) from push_gap
where subscription = %(code)s and state = 'waits' and due_at <= clock_timestamp()

-- name: subscriptions
select code, platform, api_url, api_id, api_scope, api_secret, api_per_s, api_error is not null
from push_subscription p
where enabled and push_asked(api_url, api_secret)
  and exists (select from push_gap g where g.subscription = p.code and g.state = 'waits' and g.due_at <= clock_timestamp())

-- name: told
update push_gap
set latest_at = clock_timestamp(), state = case when %(last)s then %(state)s else state end, why = null, why_words = null
where device_id = %(device)s and subscription = %(code)s and state = 'waits'
  and to_at <= %(until)s

-- name: whole
update push_gap set state = %(state)s, latest_at = clock_timestamp(), why = null, why_words = null
where subscription = %(code)s and state = 'waits' and to_at <= %(until)s
