select c.code, c.kind, c.url, (array['blue', 'yellow', 'orange', 'red'])[c.min_level] as min_level, c.region,
       c.enabled, o.pending, o.delivered, o.given_up, o.last_error
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
