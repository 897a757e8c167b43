-- name: gaps
select d.code as device, g.from_at, g.to_at, g.cause, g.state, g.why, g.why_words
from push_gap g join device d on d.id = g.device_id
where g.subscription = %(code)s
  and (%(after_to_at)s::timestamptz is null or g.to_at < %(after_to_at)s
       or (g.to_at = %(after_to_at)s and d.code > %(after_device)s))
order by g.to_at desc, d.code
limit %(limit)s

-- name: gaps_of_device
select d.code as device, g.from_at, g.to_at, g.cause, g.state, g.why, g.why_words
from push_gap g join device d on d.id = g.device_id
where d.code = %(device)s and (%(after_to_at)s::timestamptz is null or g.to_at < %(after_to_at)s)
order by g.to_at desc
limit %(limit)s

-- name: subscription
select from push_subscription where code = %(code)s
