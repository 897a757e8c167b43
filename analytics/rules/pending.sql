-- name: forget_pending
delete from rule_pending p
using unnest(%(rules)b::int[], %(series)b::int[]) as n (rule_id, series_id)
where p.rule_id = n.rule_id and p.series_id = n.series_id

-- name: note_pending
-- Times come one after the other, four of each. Not of a rule that is off, or watches something else already.
insert into rule_pending (rule_id, series_id, since, value, revision, signal)
select n.rule_id, n.series_id, (%(since)b::bigint[])[4 * n.place - 3 : 4 * n.place], n.value, r.revision, n.signal
from unnest(%(rules)b::int[], %(series)b::int[], %(values)b::float8[], %(signals)b::text[]) with ordinality
     as n (rule_id, series_id, value, signal, place)
join rule r on r.id = n.rule_id and r.enabled
    and coalesce(r.expression, case when r.flagged then 'flagged' else r.signal end) = n.signal
order by n.rule_id, n.series_id
on conflict (rule_id, series_id) do update
set since = excluded.since, value = excluded.value, revision = excluded.revision, signal = excluded.signal

-- name: pending
-- Levels of rules on signals that pend, where the rule watches what it did then.
select p.rule_id, p.series_id, p.since, p.value
from rule_pending p
join rule r on r.id = p.rule_id
    and (coalesce(r.expression, case when r.flagged then 'flagged' else r.signal end) = p.signal
         or (p.signal is null and r.revision = p.revision))
