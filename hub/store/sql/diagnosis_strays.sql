-- Messages of the last week that came under codes of a list, none of which is registered; at most 100 are counted each.
select v.code, l.n, l.last_at, l.address
from unnest(%(codes)s::text[]) v (code)
cross join lateral (
    select count(*) as n, max(received_at) as last_at, (array_agg(address order by received_at desc))[1] as address
    from (
        select received_at, address from dead_letter
        where device = v.code and reason = 'unknown_device' and received_at > %(now)s::timestamptz - interval '7 days'
        order by received_at desc limit 100
    ) newest
) l
where l.n > 0 and not exists (select from device d where d.code = v.code)
