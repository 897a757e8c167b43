-- name: events
-- Of a kind, from devices of a profile or of any, as they came.
select e.id, e.device_id, d.code, e.ts, e.received_at, e.state, e.level, e.part, d.zone
from event e
join device d on d.id = e.device_id
where e.kind = %(kind)s
  and e.ts >= %(since)s and e.ts < %(until)s
  and (%(profile)s::int is null or d.profile_id = %(profile)s)
  and in_rule_scope(%(organisations)s::text[], %(region)s::text, %(tag)s::text, %(devices)s::int[],
                    d.id, d.organisation, d.region, d.tags)
order by e.received_at, e.ts
limit %(most)s
