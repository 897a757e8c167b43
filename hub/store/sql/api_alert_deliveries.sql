select c.code as consumer, o.seq, o.state, o.attempts, o.last_error, o.created_at, o.settled_at,
       case when o.state = 'pending' then o.next_at end as next_at
from outbox o
join consumer c on c.id = o.consumer_id
where o.alert_id = %(id)s
order by o.seq, c.code
