-- name: reached
-- It has reached somebody, whatever was said before; what would have gone out again need not. Said once for each.
with named as (
    select distinct on (o.message_id) o.id, n.status
    from unnest(%(ids)s::text[], %(statuses)s::text[]) as n (message_id, status)
    join outbox o on o.consumer_id = %(consumer_id)s and o.message_id = n.message_id and o.receipt is not null
    order by o.message_id, o.id desc
), locked as (
    select o.id from outbox o join named on named.id = o.id order by o.id for update of o
)
update outbox o
set receipt = 'reached', receipt_said = coalesce(case when o.receipt = 'reached' then o.receipt_said end, named.status),
    reached_at = coalesce(o.reached_at, clock_timestamp()),
    state = case when o.state = 'pending' then 'delivered' else o.state end,
    settled_at = coalesce(o.settled_at, clock_timestamp())
from named, locked
where o.id = named.id and locked.id = o.id
returning o.message_id

-- name: known
-- The newest message of an id.
select id, alert_id, seq from outbox
where consumer_id = %(consumer_id)s and message_id = %(message_id)s and receipt is not null
order by id desc limit 1

-- name: still
-- No change of the alert is made until the transaction ends,
select id from alert where id = %(alert_id)s for update

-- name: unclaimed
-- nor is any claimed that waits behind the delivery. After `still`, for it sees what was made meanwhile.
select id from outbox
where consumer_id = %(consumer_id)s and alert_id = %(alert_id)s and seq >= %(seq)s
order by id
for update

-- name: failed
-- It has not reached anybody. It is sent again while nothing that came later in its alert was told, or is on its way:
-- order per alert holds. A summary is not: what it names may have gone on. What waits behind it is not due before it: a
-- claim that began before this is seen passes it by (next_at), for it does not see that something stands before it.
with judged as (
    select o.id, o.consumer_id, o.alert_id, o.seq,
           o.until_cursor is null and o.repeats < %(most)s and c.enabled and c.kind = 'http'
           and o.created_at > now() - make_interval(secs => %(give_up_s)s)
           and not exists (
               select from outbox later
               where later.consumer_id = o.consumer_id and later.alert_id = o.alert_id and later.seq > o.seq
                 and (later.state = 'delivered' or later.state = 'pending' and later.attempts > 0))
           and not exists (
               select from alert_change h
               where h.alert_id = o.alert_id and h.seq > o.seq and o.consumer_id = any (h.grouped)) as again
    from outbox o join consumer c on c.id = o.consumer_id
    where o.id = %(id)s and o.state = 'delivered' and o.receipt = 'waiting'
), behind as (
    update outbox o
    set next_at = greatest(o.next_at, clock_timestamp() + interval '2 seconds')
    from judged j
    where j.again and o.consumer_id = j.consumer_id and o.alert_id = j.alert_id and o.seq > j.seq and o.state = 'pending'
)
update outbox o
set receipt = 'failed', receipt_said = %(status)s,
    state = case when j.again then 'pending' else o.state end,
    settled_at = case when j.again then null else o.settled_at end,
    next_at = case when j.again
                   then clock_timestamp() + make_interval(secs => (%(waits_s)s::float8[])[o.repeats + 1])
                   else o.next_at end,
    repeats = o.repeats + j.again::int
from judged j
where o.id = j.id
returning j.again, case when j.again then pg_notify('ganzhi_alert', '') end
