-- name: due
-- Consumers of some kinds that are to be sent a heartbeat or a proof, or whose next one is to be worked out: while a
-- channel fails, within minutes.
select c.id, c.code, c.kind, c.url, c.secret, c.login, c.query, c.settings, c.lang, c.heartbeat_s, c.heartbeat_due,
       c.prove_at, c.prove_due, c.failing_since is not null as failing
from consumer c
where c.enabled and c.kind = any (%(kinds)s) and (%(consumer_id)s::int is null or c.id = %(consumer_id)s)
  and (c.prove_due is null or c.prove_due <= now()
       or c.heartbeat_s is not null and (c.heartbeat_due is null or c.heartbeat_due <= now())
       or c.failing_since is not null and c.prove_due > now() + interval '6 minutes' and c.prove_due < '9000-01-01')
order by c.heartbeat_due, c.prove_due
limit %(limit)s

-- name: claim
-- By who comes first: another process that saw the same finds it changed.
update consumer set heartbeat_due = %(heartbeat_due)s, prove_due = %(prove_due)s
where id = %(id)s and enabled and heartbeat_due is not distinct from %(heartbeat_seen)s
  and prove_due is not distinct from %(prove_seen)s
returning id

-- name: counts
-- How many alerts last of which a consumer was told; those that last are looked at once for all consumers.
with told as (
    select who.id, count(*) as alerts
    from alert a
    join alert_told t on t.alert_id = a.id
    cross join lateral unnest(t.consumers) as who (id)
    where a.cleared_at is null and a.handling not in ('closed', 'false_alarm', 'merged') and who.id = any (%(ids)s::int[])
    group by who.id
)
select c.id, coalesce(told.alerts, 0) as active_alerts, (select complete_at from path_round) as last_round
from unnest(%(ids)s::int[]) as c (id)
left join told on told.id = c.id
