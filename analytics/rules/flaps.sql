-- name: flaps
-- Of rules in force; times in microseconds.
select f.rule_id, coalesce(f.series_id, f.device_id), case when f.series_id is null then '/' || f.part else '' end, f.level, f.count,
       (extract(epoch from f.first_at) * 1000000)::bigint, (extract(epoch from f.quiet_since) * 1000000)::bigint
from rule_flap f
join device d on d.id = f.device_id
join rule r on r.id = f.rule_id
where r.enabled and d.state <> 'retired'

-- name: forget
delete from rule_flap f
using unnest(%(rules)b::int[], %(devices)b::int[], %(series)b::int[], %(parts)b::text[])
    as n (rule_id, device_id, series_id, part)
where f.rule_id = n.rule_id and f.device_id = n.device_id and coalesce(f.series_id, 0) = coalesce(n.series_id, 0)
  and f.part = n.part

-- name: keep
-- Of rules in force; times in microseconds.
insert into rule_flap (rule_id, device_id, series_id, part, level, count, first_at, quiet_since)
select n.rule_id, n.device_id, n.series_id, n.part, n.level, n.count, timestamptz 'epoch' + n.first_at * interval '1 microsecond',
       timestamptz 'epoch' + n.quiet_since * interval '1 microsecond'
from unnest(%(rules)b::int[], %(devices)b::int[], %(series)b::int[], %(parts)b::text[], %(levels)b::int[], %(counts)b::int[],
            %(first)b::bigint[], %(quiet)b::bigint[])
    as n (rule_id, device_id, series_id, part, level, count, first_at, quiet_since)
join rule r on r.id = n.rule_id and r.enabled
order by n.rule_id, n.device_id, n.series_id, n.part
on conflict (rule_id, device_id, coalesce(series_id, 0), part) do update
set level = excluded.level, count = excluded.count, first_at = excluded.first_at, quiet_since = excluded.quiet_since

-- name: raised
-- When the alerts of each rule and target were raised in the last time, in microseconds, oldest first. None began later
-- than it was stored but for clocks that are ahead, of which it is known how far they may be: the index serves.
select rule_id, coalesce(series_id, device_id),
       case when series_id is null then '/' || coalesce(alert_part(target), '') else '' end,
       array_agg((extract(epoch from opened_at) * 1000000)::bigint order by opened_at)
from alert
where rule_id is not null and device_id is not null
  and raised_at > now() - %(within)s * interval '1 microsecond'
                  - (select coalesce(max(max_future_s), 0) + 60 from profile) * interval '1 second'
  and opened_at > now() - %(within)s * interval '1 microsecond' and drill_id is null
group by 1, 2, 3
