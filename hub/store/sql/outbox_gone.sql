-- The consumer wants nothing more: no new deliveries are made for it, and those that wait are given up.
with gone as (
    update consumer set enabled = false where id = %(consumer_id)s
)
update outbox set state = 'given_up', last_error = %(reason)s, settled_at = clock_timestamp()
where consumer_id = %(consumer_id)s and state = 'pending'
