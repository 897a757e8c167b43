-- name: claim
-- Takes due deliveries for a while (lease): of each consumer as many as it has room for, of each alert only the
-- first that is pending, so that they go out in order. A claim that is never settled is due again after the lease.
-- now() and not clock_timestamp(): the planner looks up only what is stable in an index. min() and not "not exists":
-- the planner makes a join of that, which took 7 ms instead of 1 on a store without statistics. coalesce(): it takes a
-- comparison with a subquery to be true for 1 row in 200, reads all that is due then and sorts it, instead of the first
-- few of the index. Summaries are looked for once, not for each consumer: that read all that is pending. state || '':
-- else it looks for the ids among all that is due. What is locked is what is taken: locking all that 100 consumers had
-- room for took longer than that. Who has least under way is first: else slow consumers with much waiting took each place
-- that became free, and what was new for a quick one waited for minutes.
with due as (
    select o.id
    from outbox o
    where o.state || '' = 'pending' and o.next_at <= now() and o.id = any (array(
        select o.id
        from consumer c
        left join unnest(%(consumers)s::int[], %(rooms)s::int[], %(taken)s::int[]) as busy (consumer_id, room, taken)
            on busy.consumer_id = c.id
        cross join lateral (
            select c.id = any (array(select s.consumer_id from outbox s
                                     where s.until_cursor is not null and s.state = 'pending')) as waits
        ) summary
        cross join lateral (
            select o.id, o.next_at, row_number() over (order by o.next_at, o.id) as place
            from outbox o
            where o.consumer_id = c.id and o.state = 'pending' and o.next_at <= now()
              and coalesce(o.seq = (select min(first.seq) from outbox first
                                    where first.consumer_id = o.consumer_id and first.alert_id = o.alert_id
                                      and first.state = 'pending'), false)
              and o.until_cursor is null
              and (not summary.waits or not waits_for_summary(o.consumer_id, o.alert_id, o.seq))
            order by o.next_at, o.id
            limit least(coalesce(busy.room, %(room)s), %(limit)s)
        ) o
        where c.enabled and c.kind <> all (%(paced)s)
          and (c.held_until is null or c.held_until <= now())
        order by coalesce(busy.taken, 0) + o.place, o.next_at, o.id
        limit %(limit)s))
    for update skip locked
)
update outbox o
set attempts = o.attempts + 1, next_at = now() + make_interval(secs => %(lease_s)s)
from due, consumer c, alert_change h
where o.id = due.id and c.id = o.consumer_id and h.id = o.change_id
returning o.id, o.alert_id, o.seq, o.attempts, extract(epoch from now() - o.created_at)::float8 as age_s,
          h.kind, h.at, h.picture, c.id as consumer_id, c.code, c.kind as channel, c.url, c.secret, c.login, c.query,
          c.settings, c.lang, c.ceiling, c.owner, o.until_cursor

-- name: claim_paced
-- As `claim`, for kinds whose receivers count messages: all alerts that one summary can name, first reds on top.
with due as (
    select o.id
    from consumer c
    cross join lateral (
        select c.id = any (array(select s.consumer_id from outbox s
                                 where s.until_cursor is not null and s.state = 'pending')) as waits
    ) summary
    cross join lateral (
        select o.id
        from outbox o
        join alert a on a.id = o.alert_id
        where o.consumer_id = c.id and o.state = 'pending' and o.next_at <= now()
          and o.seq = (select min(first.seq) from outbox first
                       where first.consumer_id = o.consumer_id and first.alert_id = o.alert_id
                         and first.state = 'pending')
          and o.until_cursor is null
          and (not summary.waits or not waits_for_summary(o.consumer_id, o.alert_id, o.seq))
        order by a.level desc, o.id
        limit %(room)s
        for update of o skip locked
    ) o
    where c.enabled and c.kind = any (%(paced)s) and c.id <> all (%(consumers)s)
      and (c.held_until is null or c.held_until <= now())
)
update outbox o
set attempts = o.attempts + 1, next_at = now() + make_interval(secs => %(lease_s)s)
from due, consumer c, alert_change h
where o.id = due.id and c.id = o.consumer_id and h.id = o.change_id
returning o.id, o.alert_id, o.seq, o.attempts, extract(epoch from now() - o.created_at)::float8 as age_s,
          h.kind, h.at, h.picture, c.id as consumer_id, c.code, c.kind as channel, c.url, c.secret, c.login, c.query,
          c.settings, c.lang, c.ceiling, c.owner, o.until_cursor

-- name: delivered
-- Consumers have accepted these, and with that proven that they can be reached (proofs.sql: proven). Rows are locked in the
-- order of their ids, those of consumers before those of deliveries as everywhere: several processes do this at once.
with reached as (
    select id from consumer
    where id = any (%(consumer_ids)s)
      and (failing_since is not null or proven_at is null or proven_at < now() - interval '30 seconds')
    order by id for no key update
), proven as (
    update consumer c
    set proven_at = clock_timestamp(), prove_due = case when failing_since is null then prove_due end,
        failing_since = null, degraded_at = null
    from reached where c.id = reached.id
    returning c.id
)
update outbox o
set state = 'delivered', settled_at = clock_timestamp(), said = n.said, took_ms = n.took_ms, message_id = n.message_id,
    receipt = case when n.within_s is not null then 'waiting' end, receipt_said = null,
    receipt_due = clock_timestamp() + make_interval(secs => n.within_s)
from unnest(%(ids)s::bigint[], %(said)s::text[], %(took_ms)s::int[], %(message_ids)s::text[], %(within_s)s::int[])
     as n (id, said, took_ms, message_id, within_s)
where o.id = n.id and o.state = 'pending' and (select count(*) from proven) >= 0
returning o.id

-- name: expire
-- Deliveries of consumers that are switched off wait for them, but not for ever.
update outbox o set state = 'given_up', last_error = %(reason)s, last_error_words = %(words)s,
    failure = %(failure)s, settled_at = clock_timestamp()
from consumer c
where c.id = o.consumer_id and not c.enabled and o.state = 'pending'
  and o.created_at < now() - make_interval(secs => %(give_up_s)s)

-- name: give_up
-- It will not be tried again.
update outbox set state = 'given_up', last_error = %(reason)s, last_error_words = %(words)s,
    failure = %(failure)s, took_ms = %(took_ms)s, settled_at = clock_timestamp()
where id = %(id)s and state = 'pending'

-- name: gone
-- The consumer wants nothing more: no new deliveries are made for it, and those that wait are given up. The fallback
-- consumer is never switched off: what waits for it is tried again a minute later.
with gone as (
    update consumer set enabled = false where id = %(consumer_id)s and not fallback returning id
)
update outbox o
set state = case when gone.id is null then o.state else 'given_up' end,
    next_at = case when gone.id is null then now() + interval '1 minute' else o.next_at end,
    settled_at = case when gone.id is null then null else clock_timestamp() end,
    last_error = %(reason)s, last_error_words = %(words)s, failure = %(failure)s
from consumer c left join gone on gone.id = c.id
where c.id = %(consumer_id)s and o.consumer_id = c.id and o.state = 'pending'

-- name: names
-- What titles of alerts are made of beside their pictures: the side of the threshold, and what the profile calls it.
select a.id as alert_id, r.direction, r.signal, r.expression, coalesce(p.metrics -> s.metric, p.events -> r.event_kind) as names
from alert a
left join rule r on r.id = a.rule_id
left join device d on d.id = a.device_id
left join profile p on p.id = d.profile_id
left join series s on s.id = a.series_id
where a.id = any (%(alerts)s)

-- name: not_now
-- They were claimed and not tried: the receiver takes no more messages at the moment.
update outbox set attempts = attempts - 1, next_at = now() + make_interval(secs => %(wait_s)s)
where id = any (%(ids)s) and state = 'pending'

-- name: pace
-- So many of the wanted messages may be sent now: `burst` at once, then one each `every_s` (GCRA); they count as sent.
-- Fewer than none are given back.
with known as (
    select id, greatest(coalesce(paced_until, now()), now()) as busy_until from consumer where id = %(consumer_id)s
    for update
), granted as (
    select id, busy_until, least(%(wanted)s, greatest(0, floor(
        (%(burst)s * %(every_s)s::float8 - extract(epoch from busy_until - now())::float8) / %(every_s)s + 0.001)))::int
        as messages
    from known
)
update consumer c set paced_until = g.busy_until + make_interval(secs => g.messages * %(every_s)s)
from granted g where c.id = g.id
returning g.messages

-- name: places
-- Divisions by name, from the province down, as they are called today.
select given.code, string_agg(r.name, '' order by r.code) as name
from unnest(%(codes)s::text[]) as given (code)
join region r on r.code in (rpad(left(given.code, 2), 12, '0'), rpad(left(given.code, 4), 12, '0'),
                            rpad(left(given.code, 6), 12, '0'), rpad(left(given.code, 9), 12, '0'), given.code)
where r.valid_from <= current_date and current_date < r.valid_to
group by given.code

-- name: readings
-- The last hours before each of these alerts changed, and what came since; for a chart.
select a.id as alert_id, array_agg(r.ts order by r.ts) as times, array_agg(r.value order by r.ts) as values
from alert a
cross join lateral (
    select r.ts, r.value from reading r
    where r.series_id = a.series_id and r.ts between a.changed_at - interval '3 hours' and a.changed_at + interval '1 hour'
    order by r.ts desc
    limit 200
) r
where a.id = any (%(alerts)s)
group by a.id

-- name: later
-- It was not accepted: try again later. What waits behind it is not due before it. A consumer that wants a pause gets
-- nothing until it is over; of several answers the longest counts. It is locked first, as everywhere: what nothing
-- reads from would be done last.
with held as (
    update consumer set held_until = greatest(held_until, now() + make_interval(secs => %(hold_s)s))
    where id = %(consumer_id)s and %(hold_s)s > 0
    returning id
)
update outbox
set next_at = case when id = %(id)s then now() + make_interval(secs => %(wait_s)s)
                   else greatest(next_at, now() + make_interval(secs => %(wait_s)s)) end,
    last_error = case when id = %(id)s then %(reason)s else last_error end,
    last_error_words = case when id = %(id)s then %(words)s else last_error_words end,
    failure = case when id = %(id)s then %(failure)s else failure end,
    took_ms = case when id = %(id)s then %(took_ms)s else took_ms end
where consumer_id = %(consumer_id)s and alert_id = %(alert_id)s and state = 'pending'
  and (select count(*) from held) >= 0
