-- name: flat
-- From which value series have not moved, of rules that are on.
select f.rule_id, f.series_id, f.value, f.since, f.until
from rule_flat f
join rule r on r.id = f.rule_id
where r.enabled and r.signal = 'flat'
order by f.series_id

-- name: note_flat
insert into rule_flat (rule_id, series_id, value, since, until)
select n.rule_id, n.series_id, n.value, n.since, n.until
from unnest(%(rules)b::int[], %(series)b::int[], %(values)b::float8[], %(since)b::bigint[], %(until)b::bigint[])
    as n (rule_id, series_id, value, since, until)
join rule r on r.id = n.rule_id
order by n.rule_id, n.series_id
on conflict (rule_id, series_id) do update
set value = excluded.value, since = excluded.since, until = excluded.until
