-- name: claim
-- Of each warning and consumer the first that is pending, of each consumer as many as it has room for.
with due as (
    select d.id
    from consumer c
    left join unnest(%(consumers)s::int[], %(rooms)s::int[]) as busy (consumer_id, room) on busy.consumer_id = c.id
    cross join lateral (
        select d.id, d.next_at
        from warning_delivery d
        where d.consumer_id = c.id and d.state = 'pending' and d.next_at <= now()
          and d.seq = (select min(first.seq) from warning_delivery first
                       where first.consumer_id = d.consumer_id and first.warning_id = d.warning_id
                         and first.state = 'pending')
        order by d.next_at, d.id
        limit coalesce(busy.room, %(room)s)
        for update skip locked
    ) d
    where c.enabled and c.warnings and c.kind = any (%(kinds)s)
      and (c.held_until is null or c.held_until <= now())
    order by d.next_at, d.id
    limit %(limit)s
)
update warning_delivery d
set attempts = d.attempts + 1, next_at = now() + make_interval(secs => %(lease_s)s)
from due, consumer c
where d.id = due.id and c.id = d.consumer_id
returning d.id, d.warning_id, d.seq, d.kind, d.at, d.picture, d.attempts, c.id as consumer_id, c.code,
          c.kind as channel, c.url, c.secret, c.login, c.query, c.settings, c.lang

-- name: not_now
-- It was claimed and not tried: the receiver takes no more messages at the moment.
update warning_delivery set attempts = attempts - 1, next_at = now() + make_interval(secs => %(wait_s)s)
where id = %(id)s and state = 'pending'

-- name: settle
-- A consumer that wants a pause gets nothing until it is over.
with held as (
    update consumer set held_until = greatest(held_until, now() + make_interval(secs => %(hold_s)s))
    where id = %(consumer_id)s and %(hold_s)s > 0
)
update warning_delivery
set state = case when %(state)s = 'pending' and at < now() - %(give_up)s then 'given_up' else %(state)s end,
    settled_at = case when %(state)s <> 'pending' or at < now() - %(give_up)s then clock_timestamp() end,
    next_at = now() + make_interval(secs => %(wait_s)s), last_error = %(error)s
where id = %(id)s and state = 'pending'
