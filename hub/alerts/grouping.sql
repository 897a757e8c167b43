-- name: recent
-- The consumers first, and only then their rows of alert_grouping: one that is being deleted is waited for, and left out.
select c.id, coalesce(g.recent, '{}'), clock_timestamp()
from consumer c
left join alert_grouping g on g.consumer_id = c.id
where c.id = any (%(ids)b::int[])
order by c.id
for key share of c

-- name: count
-- What is grouped from now on has higher cursors than there are. Where nothing waits the position goes on to there:
-- a summary looks at no more than its own storm.
insert into alert_grouping as g (consumer_id, recent, position, due_at)
select n.id, n.recent::timestamptz[], (select coalesce(max(cursor), 0) from public.alert_change), n.due_at
from unnest(%(ids)b::int[], %(recent)b::text[], %(due_at)b::timestamptz[]) as n (id, recent, due_at)
on conflict (consumer_id) do update
set recent = excluded.recent, due_at = coalesce(g.due_at, excluded.due_at),
    position = case when g.due_at is null then excluded.position else g.position end

-- name: lock_consumers
select 1 from consumer where id = any (%(ids)b::int[]) order by id for key share

-- name: lock
-- Whoever groups a change for a consumer holds its row until the commit: what is seen from now on is all of it.
select 1 from alert_grouping where consumer_id = any (%(ids)b::int[]) order by consumer_id for update

-- name: apart
insert into outbox (change_id, alert_id, seq, consumer_id)
select h.id, h.alert_id, h.seq, n.consumer_id
from unnest(%(alerts)b::uuid[], %(consumers)b::int[]) as n (alert_id, consumer_id)
join alert_grouping g on g.consumer_id = n.consumer_id
cross join lateral grouped_for(n.consumer_id, g.position, null) h
where h.alert_id = n.alert_id
order by h.cursor

-- name: alert_lock
-- As hub/alerts/apply.sql, lock: nobody decides by the former grouping until the commit.
select pg_advisory_xact_lock(hashtext('ganzhi.alert'))

-- name: single
-- All that waits for a summary of a consumer, in its order; it waits behind what is under way.
insert into public.outbox (change_id, alert_id, seq, consumer_id)
select h.id, h.alert_id, h.seq, c.id
from public.consumer c
join public.alert_grouping g on g.consumer_id = c.id
cross join lateral public.grouped_for(c.id, g.position, null) h
where c.code = %(code)s
order by h.cursor

-- name: over
update public.alert_grouping g set due_at = null, position = (select coalesce(max(cursor), 0) from public.alert_change)
from public.consumer c
where c.id = g.consumer_id and c.code = %(code)s
