-- name: subscriptions
select p.code, p.platform, p.heard_at at time zone 'UTC', p.silent_since at time zone 'UTC',
       (select count(*) from push_sender s where s.subscription = p.code and s.waits)
from push_subscription p
where p.enabled
order by p.code
