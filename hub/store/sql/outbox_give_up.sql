-- It will not be tried again.
update outbox set state = 'given_up', last_error = %(reason)s, settled_at = clock_timestamp()
where id = %(id)s and state = 'pending'
