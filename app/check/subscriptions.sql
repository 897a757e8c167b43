-- name: subscriptions
select p.code, p.platform, p.heard_at at time zone 'UTC', p.silent_since at time zone 'UTC',
       (select count(*) from push_sender s where s.subscription = p.code and s.waits),
       p.api_error,
       (select count(*) from push_gap g where g.subscription = p.code and g.state = 'open' and g.to_at > now() - interval '1 day')
from push_subscription p
where p.enabled
order by p.code
