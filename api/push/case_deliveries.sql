-- name: claim
-- Of each case and consumer the first that is pending, of each consumer as many as it has room for. Those behind it have
-- no time (telling.sql), but what is told again by hand has one. coalesce(): see deliveries.sql.
with due as (
    select d.id
    from consumer c
    left join unnest(%(consumers)s::int[], %(rooms)s::int[]) as busy (consumer_id, room) on busy.consumer_id = c.id
    cross join lateral (
        select d.id, d.next_at
        from case_delivery d
        where d.consumer_id = c.id and d.state = 'pending' and d.next_at <= now()
          and coalesce(d.seq = (select min(first.seq) from case_delivery first
                                where first.consumer_id = d.consumer_id and first.case_id = d.case_id
                                  and first.state = 'pending'), false)
        order by d.next_at, d.id
        limit coalesce(busy.room, %(room)s)
        for update skip locked
    ) d
    where c.enabled and c.cases is not null and c.kind = any (%(kinds)s)
      and (c.held_until is null or c.held_until <= now())
    order by d.next_at, d.id
    limit %(limit)s
), claimed as (
    update case_delivery d
    set attempts = d.attempts + 1, next_at = now() + make_interval(secs => %(lease_s)s)
    from due
    where d.id = due.id
    returning d.id, d.case_id, d.consumer_id, d.seq, d.kind, d.at, d.picture, d.attempts,
              d.made_at
)
select d.id, d.case_id, d.seq, d.kind, d.at, d.picture, d.attempts, c.id as consumer_id, c.code, c.kind as channel,
       c.url, c.secret, c.login, c.query, c.settings, c.lang, c.ceiling, c.owner, c.link_key,
       c.owner is null or f.scope && array[c.owner || '/'] as seen,
       d.made_at > c.cases_since or case_taken(c.cases -> 'filters', f) or o.case_id is not null as wanted,
       (select coalesce(jsonb_agg(jsonb_build_object(
                   'id', a.id, 'name', a.name, 'media_type', a.media_type, 'size', length(a.content),
                   'sha256', encode(a.digest, 'hex')) order by a.seq, a.added_at, a.id), '[]')
        from case_attachment a where a.case_id = d.case_id and a.seq <= d.seq) as files,
       s.code as system, s.states, s.categories, s.tells, o.outside_id
from claimed d
join case_file f on f.id = d.case_id
join consumer c on c.id = d.consumer_id
left join outside_system s on s.code = c.case_system
left join outside_case o on o.system = s.code and o.case_id = d.case_id

-- name: not_now
-- It was claimed and not tried: the receiver takes no more messages at the moment.
update case_delivery set attempts = attempts - 1, next_at = now() + make_interval(secs => %(wait_s)s)
where id = %(id)s and state = 'pending'

-- name: hold
-- Before `settle`, in its transaction: no step of the case is under way that would tell of itself behind this one.
select from case_file where id = (select case_id from case_delivery where id = %(id)s) for share

-- name: settle
-- A consumer that wants a pause gets nothing until it is over. What waited behind it has its turn.
with held as (
    update consumer set held_until = greatest(held_until, now() + make_interval(secs => %(hold_s)s))
    where id = %(consumer_id)s and %(hold_s)s > 0
), settled as (
    update case_delivery
    set state = case when %(state)s = 'pending' and made_at < now() - %(give_up)s then 'given_up' else %(state)s end,
        settled_at = case when %(state)s <> 'pending' or made_at < now() - %(give_up)s then clock_timestamp() end,
        next_at = now() + make_interval(secs => %(wait_s)s), last_error = %(error)s, last_error_words = %(words)s
    where id = %(id)s and state = 'pending'
    returning id, consumer_id, case_id, state
)
update case_delivery d set next_at = now()
from settled s
where s.state <> 'pending' and d.next_at is null
  and d.id = (select n.id from case_delivery n
              where n.consumer_id = s.consumer_id and n.case_id = s.case_id and n.state = 'pending' and n.id <> s.id
              order by n.seq limit 1)
