-- name: works
-- Maintenance windows of a period, by device, in microseconds.
select d.code, (extract(epoch from m.from_at) * 1000000)::bigint, (extract(epoch from m.to_at) * 1000000)::bigint
from maintained m
join device d on d.id = m.device_id
where m.from_at < %(until)s and m.to_at > %(since)s
  and (%(profile)s::int is null or d.profile_id = %(profile)s)
  and in_rule_scope(%(organisations)s::text[], %(region)s::text, %(tag)s::text, %(devices)s::int[],
                    d.id, d.organisation, d.region, d.tags)
