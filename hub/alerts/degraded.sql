-- name: degraded
-- Channels that accept nothing although something waits or was tried, or that have proven nothing for too long. One
-- that is switched off is none of them, unless it said itself that it is gone.
select c.code, c.owner
from consumer c
left join alert_position p on p.consumer_id = c.id and c.kind in ('kafka', 'mqtt')
cross join lateral (select coalesce(c.proven_at, c.watched_since) as heard_at) as last
where c.degraded_at <= now()
   or c.enabled and c.kind <> 'probe' and (
       c.prove_within_h > 0 and last.heard_at < now() - make_interval(hours => c.prove_within_h, mins => 10)
       or last.heard_at < now() - interval '2 minutes' and exists (
           select from public.outbox o
           where o.consumer_id = c.id and o.state = 'pending' and o.created_at < now() - interval '2 minutes'
             and (o.attempts > 0 or o.next_at < now() - interval '2 minutes'))
       or p.moved_at < now() - interval '2 minutes' and exists (
           select from public.alert_change h where h.cursor > p.cursor and c.id = any (h.recipients)
             and h.at < now() - interval '2 minutes'))

-- name: deaf
-- Those that accept nothing at the moment, though not for long enough yet to count as degraded.
select code from consumer where failing_since is not null

-- name: told
-- Which of these alerts the fallback consumer was told of.
select distinct alert_id from public.outbox
where consumer_id = %(fallback)s and alert_id = any (%(ids)b::uuid[]) and why = 'unmatched'
