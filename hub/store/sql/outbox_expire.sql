-- Deliveries of consumers that are switched off wait for them, but not for ever.
update outbox o set state = 'given_up', last_error = 'the consumer was switched off', settled_at = clock_timestamp()
from consumer c
where c.id = o.consumer_id and not c.enabled and o.state = 'pending'
  and o.created_at < now() - make_interval(secs => %(give_up_s)s)
