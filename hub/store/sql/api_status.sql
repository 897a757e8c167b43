-- Dead letters are counted up to 100,000: an attack must not make the page slow.
select (select count(*) from device where state <> 'retired') as devices,
       (select count(*) from series) as series,
       (select count(*) from (select from dead_letter limit 100000) as d) as dead_letters,
       (select count(*) from outbox where state = 'pending') as deliveries_pending,
       count(*) filter (where level = 4) as red,
       count(*) filter (where level = 3) as orange,
       count(*) filter (where level = 2) as yellow,
       count(*) filter (where level = 1) as blue
from alert
where cleared_at is null and state not in ('closed', 'false_alarm')
