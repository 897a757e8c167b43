-- name: counts
-- How many cases are in each count of a period, by group.
select g.key, m.what, count(*) as n
from case_file c
cross join lateral case_counts(c.stage, c.reported_at, c.accepted_at, c.filed_at, c.dispatched_at, c.closed_at, c.closed_how, c.ended_at, c.due_at, c.returned, c.reworked, c.extended, c.suspended, c.suspended_at, c.supervised,
                               %(now)s) m
cross join lateral unnest(case %(by)s::text
    when 'region' then array[left(c.region, %(digits)s)]
    when 'organisation' then array[c.organisation]
    when 'responsible' then array[c.responsible]
    when 'category' then array[c.category_kind || ':' || left(c.category, %(digits)s)]
    when 'level' then array[c.level::text]
    when 'month' then array[to_char(m.at at time zone 'Asia/Shanghai', 'YYYY-MM')]
    when 'area' then coalesce(nullif(areas_of(c.area_keys), '{}'), array[null])
    else array[''] end) g (key)
where m.at >= %(from)s and m.at < %(to)s
  and (c.reported_at >= %(from)s and c.reported_at < %(to)s or c.accepted_at >= %(from)s and c.accepted_at < %(to)s
       or c.filed_at >= %(from)s and c.filed_at < %(to)s or c.dispatched_at >= %(from)s and c.dispatched_at < %(to)s
       or c.ended_at >= %(from)s and c.ended_at < %(to)s or c.due_at >= %(from)s and c.due_at < %(to)s)
  and (%(region)s::text is null or c.region ^@ %(region)s)
  and (%(area)s::text is null or '/@' || %(area)s = any (c.area_keys))
  and (%(organisation)s::text is null or c.organisation = %(organisation)s)
  and (%(responsible)s::text is null or c.responsible = %(responsible)s)
  and (%(category_kind)s::text is null or c.category_kind = %(category_kind)s)
  and (%(category)s::text is null or c.category ^@ %(category)s)
  and (not %(exact)s or c.category = %(category)s)
  and (%(level)s::int is null or c.level = %(level)s)
group by g.key, m.what

-- name: tallied
-- As `counts`, of cells that are kept (hub/cases/tally.py): whole months, and days. CATEGORY is a condition on it.
select case %(by)s::text when 'month' then to_char(t.day, 'YYYY-MM')
                         when 'category' then nullif(case when t.cell = 'category' then t.key else t.category end, '-')
                         when 'none' then ''
                         else nullif(left(t.key, %(cut)s), '') end as key, t.what, sum(t.n)::int as n
from case_tally t
where t.cell = %(cell)s and CATEGORY and t.grain = %(grain)s and t.day >= %(first)s and t.day <= %(last)s
  and t.key >= %(key)s and t.key <= %(key_end)s
group by 1, 2
having sum(t.n) <> 0

-- name: listed
-- The cases of a count, in the order of the time by which they are in it. BASIS is the column of that, NARROW what
-- all of them have that an index knows (hub/cases/indicators.py); whether they are in it case_counts says.
select c.id, c.number, c.title, c.stage, c.category_kind, c.category,
       (array['blue', 'yellow', 'orange', 'red'])[c.level] as level, c.region, c.organisation,
       c.responsible, c.reported_at, c.due_at, c.closed_at, c.closed_how, c.returned, c.reworked, c.extended,
       c.suspended, c.merged_into, c.BASIS as counted_at
from case_file c
where c.BASIS >= %(from)s and c.BASIS < %(to)s and NARROW
  and exists (select from case_counts(c.stage, c.reported_at, c.accepted_at, c.filed_at, c.dispatched_at, c.closed_at, c.closed_how, c.ended_at, c.due_at, c.returned, c.reworked, c.extended, c.suspended, c.suspended_at, c.supervised,
                               %(now)s) m where m.what = %(what)s and m.at is not null)
  and (%(region)s::text is null or c.region ^@ %(region)s)
  and (%(area)s::text is null or '/@' || %(area)s = any (c.area_keys))
  and (%(organisation)s::text is null or c.organisation = %(organisation)s)
  and (%(responsible)s::text is null or c.responsible = %(responsible)s)
  and (%(category_kind)s::text is null or c.category_kind = %(category_kind)s)
  and (%(category)s::text is null or c.category ^@ %(category)s)
  and (not %(exact)s or c.category = %(category)s)
  and (%(level)s::int is null or c.level = %(level)s)
  and (%(after_counted_at)s::timestamptz is null or (c.BASIS, c.id) > (%(after_counted_at)s, %(after_id)s))
order by c.BASIS, c.id
limit %(limit)s

-- name: stages
-- How long visits to a stage took that ended in a period, in the stage's own time and without stops.
select k.stage, count(*) as visits, count(k.working_s) as known,
       percentile_disc(0.5) within group (order by k.working_s) as median_s,
       percentile_disc(0.9) within group (order by k.working_s) as p90_s
from case_clock k
join case_file c on c.id = k.case_id
where k.left_at >= %(from)s and k.left_at < %(to)s and k.stage <> all (%(apart)s)
  and (%(region)s::text is null or c.region ^@ %(region)s)
  and (%(area)s::text is null or '/@' || %(area)s = any (c.area_keys))
  and (%(organisation)s::text is null or c.organisation = %(organisation)s)
  and (%(responsible)s::text is null or c.responsible = %(responsible)s)
  and (%(category_kind)s::text is null or c.category_kind = %(category_kind)s)
  and (%(category)s::text is null or c.category ^@ %(category)s)
  and (not %(exact)s or c.category = %(category)s)
  and (%(level)s::int is null or c.level = %(level)s)
group by k.stage

-- name: sets
select code, name, indicators from indicator_set where %(code)s::text is null or code = %(code)s order by code

-- name: put_set
insert into indicator_set (code, name, indicators) values (%(code)s, %(name)s, %(indicators)s)
on conflict (code) do update set name = excluded.name, indicators = excluded.indicators
returning (xmax = 0) as made

-- name: delete_set
delete from indicator_set where code = %(code)s returning code
