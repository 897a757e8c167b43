-- name: is_due
select 1 from escalation where due_at <= now() limit 1

-- name: due
-- Under the lock of alerts, read after it is held. A chain is locked, so that it is not replaced while its step is taken.
select e.alert_id, e.chain, e.round, e.step, e.state, e.level, clock_timestamp()
from escalation e
join alert a on a.id = e.alert_id
join chain c on c.code = e.chain
where e.due_at <= clock_timestamp() and a.handling not in ('closed', 'false_alarm', 'merged')
order by e.due_at
limit %(limit)s
for key share of c
