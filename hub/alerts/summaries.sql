-- name: due
select consumer_id from alert_grouping where due_at <= now() order by due_at

-- name: behind
-- The alerts of which something waits for a summary, and something before it has not been accepted yet.
select distinct h.alert_id
from alert_grouping g
cross join lateral grouped_for(g.consumer_id, g.position, null) h
join outbox o on o.consumer_id = g.consumer_id and o.alert_id = h.alert_id and o.state = 'pending' and o.seq < h.seq
where g.consumer_id = %(id)s

-- name: make
with waiting as (
    select h.cursor, (row_number() over (order by h.cursor) - 1) / %(most)s as part
    from alert_grouping g
    cross join lateral grouped_for(g.consumer_id, g.position, null) h
    where g.consumer_id = %(id)s
), parts as (
    select part, max(cursor) as until from waiting group by part
), summarised as (
    update alert_grouping g set due_at = null, position = coalesce((select max(until) from parts), g.position)
    where g.consumer_id = %(id)s
)
insert into outbox (alert_id, seq, consumer_id, after_cursor, until_cursor)
select gen_random_uuid(), 1, g.consumer_id, coalesce(lag(p.until) over (order by p.part), g.position), p.until
from parts p, alert_grouping g
where g.consumer_id = %(id)s
order by p.part

-- name: notify
select pg_notify('ganzhi_alert', '')
