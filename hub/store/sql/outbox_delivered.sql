-- The consumer has accepted it.
update outbox set state = 'delivered', settled_at = clock_timestamp()
where id = %(id)s and state = 'pending'
