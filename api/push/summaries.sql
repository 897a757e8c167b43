-- name: claim
-- Of each consumer the first that is pending, so that they go out in order.
with due as (
    select o.id
    from outbox o
    join consumer c on c.id = o.consumer_id
    where o.until_cursor is not null and o.state = 'pending' and o.next_at <= now()
      and o.until_cursor = (select min(first.until_cursor) from outbox first
                            where first.consumer_id = o.consumer_id and first.until_cursor is not null
                              and first.state = 'pending')
      and c.enabled and c.id <> all (%(consumers)s) and (c.held_until is null or c.held_until <= now())
    order by o.next_at
    limit %(limit)s
    for update of o skip locked
)
update outbox o
set attempts = o.attempts + 1, next_at = now() + make_interval(secs => %(lease_s)s)
from due, consumer c
where o.id = due.id and c.id = o.consumer_id
returning o.id, o.alert_id, o.seq, o.attempts, extract(epoch from now() - o.created_at)::float8 as age_s, o.created_at,
          o.after_cursor, o.until_cursor, c.id as consumer_id, c.code, c.kind as channel, c.url, c.secret, c.login,
          c.query, c.settings, c.lang, c.ceiling, c.owner

-- name: named
-- What a summary names: the same at each attempt.
select h.alert_id, h.seq, h.kind, h.at, h.picture
from grouped_for(%(consumer_id)s, %(after_cursor)s, %(until_cursor)s) h
order by h.cursor

-- name: dissolve
-- The consumer before its delivery, as who switches it off or deletes it locks them.
with held as materialized (
    select from consumer where id = (select consumer_id from outbox where id = %(id)s) for key share
), summary as (
    update outbox
    set state = 'given_up', settled_at = clock_timestamp(), last_error = %(reason)s, last_error_words = %(words)s,
        failure = 'rejected'
    where id = %(id)s and state = 'pending' and exists (select from held)
    returning consumer_id, after_cursor, until_cursor
)
insert into outbox (change_id, alert_id, seq, consumer_id)
select h.id, h.alert_id, h.seq, s.consumer_id
from summary s
cross join lateral grouped_for(s.consumer_id, s.after_cursor, s.until_cursor) h
order by h.cursor

-- name: give_up
update outbox set state = 'given_up', last_error = %(reason)s, last_error_words = %(words)s,
    settled_at = clock_timestamp()
where id = %(id)s and state = 'pending'
