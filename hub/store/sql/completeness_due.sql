-- Today in each zone, and yesterday until it has been counted an hour after its end: late data counts until then.
select z.zone, z.day, z.from_at, least(z.to_at, now())
from (
    select d.zone, n.day, n.day::timestamp at time zone d.zone as from_at,
           (n.day + 1)::timestamp at time zone d.zone as to_at
    from (select distinct zone from device where state = 'active') d
    cross join lateral (select (now() at time zone d.zone)::date) t (today)
    cross join lateral (values (t.today - 1), (t.today)) n (day)
) z
where z.to_at > now() or not exists (
    select from completeness c join device d on d.id = c.device_id
    where c.day = z.day and d.zone = z.zone and c.counted_at >= z.to_at + interval '1 hour'
)
order by z.day, z.zone
