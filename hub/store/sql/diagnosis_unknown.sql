-- Codes that are not registered among the newest 2,000 dead letters of the last day.
select device as code
from (
    select device, reason from dead_letter
    where received_at > %(now)s::timestamptz - interval '1 day'
    order by received_at desc limit 2000
) newest
where reason = 'unknown_device' and device is not null and not exists (select from device d where d.code = newest.device)
group by device
