-- name: consumer_put
-- Without a secret a known consumer keeps its own.
insert into consumer (code, url, secret, min_level, region, organisation, category, enabled)
values (%(code)s, %(url)s, coalesce(%(secret)s, %(fresh_secret)s), %(min_level)s, %(region)s,
        %(organisation)s, %(category)s, %(enabled)s)
on conflict (code) do update
set url = excluded.url, secret = coalesce(%(secret)s, consumer.secret), min_level = excluded.min_level,
    region = excluded.region, organisation = excluded.organisation, category = excluded.category,
    enabled = excluded.enabled
returning xmax = 0 as created

-- name: consumers
select c.code, c.kind, c.url, (array['blue', 'yellow', 'orange', 'red'])[c.min_level] as min_level, c.region,
       c.organisation, c.category, c.enabled, o.pending, o.delivered, o.given_up, o.last_error
from consumer c
cross join lateral (
    select count(*) filter (where state = 'pending') as pending,
           count(*) filter (where state = 'delivered') as delivered,
           count(*) filter (where state = 'given_up') as given_up,
           (array_agg(last_error order by id desc) filter (where last_error is not null))[1] as last_error
    from outbox where consumer_id = c.id
) o
where (%(code)s::text is null or c.code = %(code)s)
  and (%(after_code)s::text is null or c.code > %(after_code)s)
order by c.code
limit %(limit)s
