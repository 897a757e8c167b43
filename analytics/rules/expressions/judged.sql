-- name: forget_judged
delete from expression_judged e
using unnest(%(rules)b::int[], %(series)b::int[]) as n (rule_id, series_id)
where e.rule_id = n.rule_id and e.series_id = n.series_id

-- name: judged
-- All, in microseconds.
select rule_id, series_id, (extract(epoch from until) * 1000000)::bigint from expression_judged

-- name: note_judged
insert into expression_judged (rule_id, series_id, until)
select n.rule_id, n.series_id, n.until
from unnest(%(rules)b::int[], %(series)b::int[], %(until)b::timestamptz[]) as n (rule_id, series_id, until)
join rule r on r.id = n.rule_id
order by n.rule_id, n.series_id
on conflict (rule_id, series_id) do update set until = excluded.until

-- name: waiting
-- Of each series the newest reading up to a time, and those after it up to the newest: its place among what is asked, when
-- it counts, value, quality. As far as the clock of the newest one was ahead, so far all are taken to have been
-- (hub/watermark.py).
select (n.place - 1)::int, (extract(epoch from r.ts - n.ahead) * 1000000)::bigint, r.value, r.quality
from (
    select a.*, l.ts - coalesce(l.watermark, l.ts) as ahead
    from unnest(%(series)b::int[], %(after)b::timestamptz[], %(newest)b::timestamptz[]) with ordinality
         as a (series_id, after, newest, place)
    join latest l using (series_id)
) n
cross join lateral (
    (select ts, value, quality from reading
     where series_id = n.series_id and ts <= n.after + n.ahead and quality & %(late)b = 0
     order by ts desc limit 1)
    union all
    (select ts, value, quality from reading
     where series_id = n.series_id and ts > n.after + n.ahead and ts <= n.newest + n.ahead and quality & %(late)b = 0
     order by ts desc limit %(most)b)
) r
