-- How many messages were refused since a time, by reason and transport: kept as letters, and only counted.
select reason, transport, sum(stored)::bigint as stored, sum(dropped)::bigint as dropped,
       min(minute) as first_minute, max(minute) as last_minute
from dead_letter_count
where minute >= %(since)s
group by reason, transport
order by sum(stored) + sum(dropped) desc, reason, transport
