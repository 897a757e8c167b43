-- It was not accepted: try again later. What waits behind it is not due before it.
update outbox
set next_at = case when id = %(id)s then now() + make_interval(secs => %(wait_s)s)
                   else greatest(next_at, now() + make_interval(secs => %(wait_s)s)) end,
    last_error = case when id = %(id)s then %(reason)s else last_error end
where consumer_id = %(consumer_id)s and alert_id = %(alert_id)s and state = 'pending'
