-- name: due
select consumer_id from alert_grouping where due_at <= now() order by due_at, consumer_id

-- name: behind
-- The alerts of which something waits for a summary, and something before it has not been accepted yet. From what is
-- pending to what was changed later: the planner would compare each of the one with each of the other.
select distinct later.alert_id, o.consumer_id
from alert_grouping g
join outbox o on o.consumer_id = g.consumer_id and o.state = 'pending' and o.until_cursor is null
cross join lateral (
    select h.alert_id, h.cursor, h.grouped from alert_change h where h.alert_id = o.alert_id and h.seq > o.seq offset 0
) later
where g.consumer_id = any (%(ids)b::int[]) and later.cursor > g.position and o.consumer_id = any (later.grouped)

-- name: positions
select consumer_id, position from alert_grouping where consumer_id = any (%(ids)b::int[])

-- name: waiting
-- What was grouped after a cursor, for whom, and who has a delivery of its own by now.
select h.cursor, h.grouped, array(select o.consumer_id from outbox o where o.change_id = h.id)
from alert_change h
where h.cursor > %(after)s and h.grouped && %(ids)b::int[]
order by h.cursor

-- name: make
insert into outbox (alert_id, seq, consumer_id, after_cursor, until_cursor)
select gen_random_uuid(), 1, n.consumer_id, n.after_cursor, n.until_cursor
from unnest(%(consumers)b::int[], %(after)b::bigint[], %(until)b::bigint[])
    with ordinality as n (consumer_id, after_cursor, until_cursor, place)
order by n.place

-- name: made
update alert_grouping g
set due_at = null,
    position = greatest(g.position, (select max(n.until_cursor)
                                     from unnest(%(consumers)b::int[], %(until)b::bigint[]) as n (consumer_id, until_cursor)
                                     where n.consumer_id = g.consumer_id))
where g.consumer_id = any (%(ids)b::int[])

-- name: notify
select pg_notify('ganzhi_alert', '')
