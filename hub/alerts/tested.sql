-- name: tested
-- Consumers of the tests of which these alerts were proofs.
select p.alert_id, consumer.id
from proof_test p
join drill t on t.id = p.drill_id
cross join lateral unnest(t.consumers) as consumer (id)
where p.alert_id = any (%(ids)b::uuid[])
order by p.alert_id, consumer.id
