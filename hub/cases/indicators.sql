-- name: which
-- Which cases are counted (hub/cases/which.py).
(%(region)s::text is null or c.region ^@ %(region)s)
and (%(area)s::text is null or c.scope @> array['/@' || %(area)s])
and (%(organisation)s::text is null or c.organisation = %(organisation)s)
and (%(responsible)s::text is null or c.responsible = %(responsible)s)
and (%(category_kind)s::text is null or c.category_kind = %(category_kind)s)
and (%(category)s::text is null or c.category ^@ %(category)s)
and (not %(exact)s or c.category = %(category)s)
and (%(level)s::int is null or c.level = %(level)s)
and (%(keys)s::text[] is null or c.scope && %(keys)s)
and (%(without)s::text[] is null or coalesce(not c.region ^@ any (%(without)s), true))

-- name: which_facts
-- As `which`, of case_fact; keys are holders and divisions.
(%(region)s::text is null or c.region ^@ %(region)s)
and (%(area)s::text is null or c.holders @> array['@' || %(area)s])
and (%(organisation)s::text is null or c.organisation = %(organisation)s)
and (%(responsible)s::text is null or c.responsible = %(responsible)s)
and (%(category_kind)s::text is null or c.category_kind = %(category_kind)s)
and (%(category)s::text is null or c.category ^@ %(category)s)
and (not %(exact)s or c.category = %(category)s)
and (%(level)s::int is null or c.level = %(level)s)
and (%(holders)s::text[] is null or c.holders && %(holders)s
     or %(regions)s::text[] is not null and c.region ^@ any (%(regions)s))
and (%(without)s::text[] is null or coalesce(not c.region ^@ any (%(without)s), true))

-- name: sums
sum(t.reported) as reported, sum(t.accepted) as accepted, sum(t.rejected) as rejected, sum(t.merged) as merged,
sum(t.self_handled) as self_handled, sum(t.filed) as filed, sum(t.extended) as extended,
sum(t.suspended) as suspended, sum(t.suspended_now) as suspended_now, sum(t.supervised) as supervised,
sum(t.dispatched) as dispatched, sum(t.dispatched_right) as dispatched_right, sum(t.closed) as closed,
sum(t.closed_after_dispatch) as closed_after_dispatch, sum(t.closed_after_rework) as closed_after_rework,
sum(t.due) as due, sum(t.due_closed) as due_closed, sum(t.closed_in_time) as closed_in_time,
sum(t.closed_late) as closed_late, sum(t.overdue_open) as overdue_open

-- name: memory
-- Until the end of the transaction. Of a quarter of a million cases of three years the pages that hold them, and the sorts
-- that they are of, fit: half the time of 4 MB.
select set_config('work_mem', '64MB', true)

-- name: counts
-- How many cases are in each count of a period, by group. Cases are alike that have the same marks and the same times in
-- it, of which there are a few hundred sorts: each is put into its counts once.
with kinds as (
    select a.key, c.marks, t.reported, t.accepted, t.filed, t.dispatched, t.ended, t.due, count(*)::int as n
    from case_file c
    cross join lateral (select
        case when c.reported_at >= %(from)s and c.reported_at < %(to)s then
            case when %(by)s = 'month' then date_trunc('month', c.reported_at, 'Asia/Shanghai') else %(from)s end end,
        case when c.accepted_at >= %(from)s and c.accepted_at < %(to)s then
            case when %(by)s = 'month' then date_trunc('month', c.accepted_at, 'Asia/Shanghai') else %(from)s end end,
        case when c.filed_at >= %(from)s and c.filed_at < %(to)s then
            case when %(by)s = 'month' then date_trunc('month', c.filed_at, 'Asia/Shanghai') else %(from)s end end,
        case when c.dispatched_at >= %(from)s and c.dispatched_at < %(to)s then
            case when %(by)s = 'month' then date_trunc('month', c.dispatched_at, 'Asia/Shanghai') else %(from)s end end,
        case when c.ended_at >= %(from)s and c.ended_at < %(to)s then
            case when %(by)s = 'month' then date_trunc('month', c.ended_at, 'Asia/Shanghai') else %(from)s end end,
        case when c.due_at >= %(from)s and c.due_at < %(to)s and (c.ended_at is not null or c.due_at <= %(now)s) then
            case when %(by)s = 'month' then date_trunc('month', c.due_at, 'Asia/Shanghai') else %(from)s end end
    ) t (reported, accepted, filed, dispatched, ended, due)
    left join lateral unnest(areas_of(c.area_keys)) u (area) on %(by)s = 'area'
    cross join lateral (select case %(by)s::text
        when 'region' then left(c.region, %(digits)s)
        when 'area' then u.area
        when 'organisation' then c.organisation
        when 'responsible' then c.responsible
        when 'category' then c.category_kind || ':' || left(c.category, %(digits)s)
        when 'level' then c.level::text
        else '' end) a (key)
    where (c.reported_at >= %(from)s and c.reported_at < %(to)s or c.accepted_at >= %(from)s and c.accepted_at < %(to)s
           or c.filed_at >= %(from)s and c.filed_at < %(to)s
           or c.dispatched_at >= %(from)s and c.dispatched_at < %(to)s
           or c.ended_at >= %(from)s and c.ended_at < %(to)s or c.due_at >= %(from)s and c.due_at < %(to)s)
      and
-- use: which
    group by 1, 2, 3, 4, 5, 6, 7, 8
)
select case when %(by)s = 'month' then to_char(b.month at time zone 'Asia/Shanghai', 'YYYY-MM') else k.key end as key,
-- use: sums
from kinds k
cross join lateral (values ('reported', k.reported), ('accepted', k.accepted), ('filed', k.filed),
                           ('dispatched', k.dispatched), ('ended', k.ended), ('due', k.due)) b (basis, month)
cross join lateral case_counts(b.basis, k.marks, k.n) t
where b.month is not null
group by 1

-- name: counts_of_facts
-- As `counts`, of narrow rows and of days that are over.
with kinds as (
    select a.key, c.marks, t.reported, t.accepted, t.filed, t.dispatched, t.ended, t.due, count(*)::int as n
    from case_fact c
    cross join lateral (select
        case when c.reported >= %(first)s and c.reported <= %(last)s then
            case when %(by)s = 'month' then date_trunc('month', c.reported)::date else %(first)s end end,
        case when c.accepted >= %(first)s and c.accepted <= %(last)s then
            case when %(by)s = 'month' then date_trunc('month', c.accepted)::date else %(first)s end end,
        case when c.filed >= %(first)s and c.filed <= %(last)s then
            case when %(by)s = 'month' then date_trunc('month', c.filed)::date else %(first)s end end,
        case when c.dispatched >= %(first)s and c.dispatched <= %(last)s then
            case when %(by)s = 'month' then date_trunc('month', c.dispatched)::date else %(first)s end end,
        case when c.ended >= %(first)s and c.ended <= %(last)s then
            case when %(by)s = 'month' then date_trunc('month', c.ended)::date else %(first)s end end,
        case when c.due >= %(first)s and c.due <= %(last)s then
            case when %(by)s = 'month' then date_trunc('month', c.due)::date else %(first)s end end
    ) t (reported, accepted, filed, dispatched, ended, due)
    left join lateral unnest(c.holders) u (holder) on %(by)s = 'area' and u.holder ^@ '@'
    cross join lateral (select case %(by)s::text
        when 'region' then left(c.region, %(digits)s)
        when 'area' then substr(u.holder, 2)
        when 'organisation' then c.organisation
        when 'responsible' then c.responsible
        when 'category' then c.category_kind || ':' || left(c.category, %(digits)s)
        when 'level' then c.level::text
        else '' end) a (key)
    where (c.reported >= %(first)s and c.reported <= %(last)s or c.accepted >= %(first)s and c.accepted <= %(last)s
           or c.filed >= %(first)s and c.filed <= %(last)s or c.dispatched >= %(first)s and c.dispatched <= %(last)s
           or c.ended >= %(first)s and c.ended <= %(last)s or c.due >= %(first)s and c.due <= %(last)s)
      and
-- use: which_facts
    group by 1, 2, 3, 4, 5, 6, 7, 8
)
select case when %(by)s = 'month' then to_char(b.month, 'YYYY-MM') else k.key end as key,
-- use: sums
from kinds k
cross join lateral (values ('reported', k.reported), ('accepted', k.accepted), ('filed', k.filed),
                           ('dispatched', k.dispatched), ('ended', k.ended), ('due', k.due)) b (basis, month)
cross join lateral case_counts(b.basis, k.marks, k.n) t
where b.month is not null
group by 1

-- name: tallied
-- As `counts`, of cells that are kept (hub/cases/tally.py): whole months, and days.
select case %(by)s::text when 'month' then to_char(t.day, 'YYYY-MM')
                         when 'category' then nullif(t.key, '')
                         when 'none' then ''
                         else nullif(left(t.key, %(cut)s), '') end as key,
-- use: sums
from case_tally t
where t.cell = %(cell)s and t.grain = %(grain)s and t.category = %(category)s
  and t.day >= %(first)s and t.day <= %(last)s and t.key >= %(key)s and t.key <= %(key_end)s
group by 1

-- name: tallied_by_category
-- As `tallied`, of all main categories that begin so.
select case %(by)s::text when 'month' then to_char(t.day, 'YYYY-MM')
                         when 'category' then nullif(t.category, '-')
                         when 'none' then ''
                         else nullif(left(t.key, %(cut)s), '') end as key,
-- use: sums
from case_tally t
where t.cell = %(cell)s and t.grain = %(grain)s and t.category >= %(category)s and t.category <= %(category_end)s
  and t.day >= %(first)s and t.day <= %(last)s and t.key >= %(key)s and t.key <= %(key_end)s
group by 1

-- name: shown
c.id, c.number, c.title, c.stage, c.category_kind, c.category,
(array['blue', 'yellow', 'orange', 'red'])[c.level] as level, c.region, c.organisation, c.responsible, c.reported_at,
c.due_at, c.closed_at, c.closed_how, c.returned, c.reworked, c.extended, c.suspended, c.merged_into

-- name: listed_reported
-- The cases of a count, in the order of the time by which they are in it: when they were reported.
select
-- use: shown
, c.reported_at as counted_at
from case_file c
where c.reported_at >= %(from)s and c.reported_at < %(to)s and case_in(%(what)s, c.marks)
  and (%(after_counted_at)s::timestamptz is null or (c.reported_at, c.id) > (%(after_counted_at)s, %(after_id)s))
  and
-- use: which
order by c.reported_at, c.id
limit %(limit)s

-- name: listed_accepted
select
-- use: shown
, c.accepted_at as counted_at
from case_file c
where c.accepted_at >= %(from)s and c.accepted_at < %(to)s and case_in(%(what)s, c.marks)
  and (%(after_counted_at)s::timestamptz is null or (c.accepted_at, c.id) > (%(after_counted_at)s, %(after_id)s))
  and
-- use: which
order by c.accepted_at, c.id
limit %(limit)s

-- name: listed_filed
select
-- use: shown
, c.filed_at as counted_at
from case_file c
where c.filed_at >= %(from)s and c.filed_at < %(to)s and case_in(%(what)s, c.marks)
  and (%(after_counted_at)s::timestamptz is null or (c.filed_at, c.id) > (%(after_counted_at)s, %(after_id)s))
  and
-- use: which
order by c.filed_at, c.id
limit %(limit)s

-- name: listed_dispatched
select
-- use: shown
, c.dispatched_at as counted_at
from case_file c
where c.dispatched_at >= %(from)s and c.dispatched_at < %(to)s and case_in(%(what)s, c.marks)
  and (%(after_counted_at)s::timestamptz is null or (c.dispatched_at, c.id) > (%(after_counted_at)s, %(after_id)s))
  and
-- use: which
order by c.dispatched_at, c.id
limit %(limit)s

-- name: listed_ended
select
-- use: shown
, c.ended_at as counted_at
from case_file c
where c.ended_at >= %(from)s and c.ended_at < %(to)s and case_in(%(what)s, c.marks)
  and (%(after_counted_at)s::timestamptz is null or (c.ended_at, c.id) > (%(after_counted_at)s, %(after_id)s))
  and
-- use: which
order by c.ended_at, c.id
limit %(limit)s

-- name: listed_due
select
-- use: shown
, c.due_at as counted_at
from case_file c
where c.due_at >= %(from)s and c.due_at < %(to)s and case_in(%(what)s, c.marks)
  and (c.ended_at is not null or c.due_at <= %(now)s)
  and (%(after_counted_at)s::timestamptz is null or (c.due_at, c.id) > (%(after_counted_at)s, %(after_id)s))
  and
-- use: which
order by c.due_at, c.id
limit %(limit)s

-- name: times
-- Of visits to a stage in its own time and without stops; sorted once.
k.stage, count(*) as visits, count(k.working_s) as known,
percentile_disc(array[0.5, 0.9]) within group (order by k.working_s) as shares_s

-- name: stages
-- How long visits to a stage took that ended in a period.
select
-- use: times
from case_clock k
join case_file c on c.id = k.case_id
where k.left_at >= %(from)s and k.left_at < %(to)s and k.stage <> all (%(apart)s) and
-- use: which
group by k.stage

-- name: stages_of_facts
-- As `stages`, of narrow rows.
select
-- use: times
from case_clock k
join case_fact c on c.id = k.case_id
where k.left_at >= %(from)s and k.left_at < %(to)s and k.stage <> all (%(apart)s) and
-- use: which_facts
group by k.stage

-- name: stages_of_all
-- As `stages`, of all cases.
select
-- use: times
from case_clock k
where k.left_at >= %(from)s and k.left_at < %(to)s and k.stage <> all (%(apart)s)
group by k.stage

-- name: stage_times
-- How many visits to a stage took how long, of whole months and divisions (hub/cases/stage_times.py).
select t.stage, t.time_range, sum(t.visits)::int
from case_stage_time t
where t.cell = %(cell)s and t.key >= %(key)s and t.key <= %(key_end)s
  and t.month >= %(first)s and t.month <= %(last)s and t.stage <> all (%(apart)s)
group by 1, 2

-- name: stage_ranges
-- As `stage_times`, of any days and cases.
select k.stage, case_time_range(k.working_s), count(*)::int
from case_clock k
join case_file c on c.id = k.case_id
where k.left_at >= %(from)s and k.left_at < %(to)s and k.stage <> all (%(apart)s) and
-- use: which
group by 1, 2

-- name: stage_ranges_of_facts
select k.stage, case_time_range(k.working_s), count(*)::int
from case_clock k
join case_fact c on c.id = k.case_id
where k.left_at >= %(from)s and k.left_at < %(to)s and k.stage <> all (%(apart)s) and
-- use: which_facts
group by 1, 2

-- name: stage_values
-- The visits at some places among those that took as long: of whole divisions.
select v.working_s
from unnest(%(stages)s::text[], %(ranges)s::int[], %(ranks)s::int[], %(lows)s::float8[], %(highs)s::float8[])
    with ordinality w (stage, time_range, rank, low, high, place)
cross join lateral (
    select k.working_s from case_clock k
    where k.stage = w.stage and k.working_s >= w.low and k.working_s <= w.high and k.left_at is not null
      and k.left_at >= %(from)s and k.left_at < %(to)s and case_time_range(k.working_s) = w.time_range
      and (%(regions)s::text[] is null or k.county ^@ any (%(regions)s))
    order by k.working_s offset w.rank - 1 limit 1) v
order by w.place

-- name: sets
select code, name, about, indicators from indicator_set
where (%(code)s::text is null or code = %(code)s) and (%(about)s::text is null or about = %(about)s)
order by code

-- name: put_set
insert into indicator_set (code, name, about, indicators) values (%(code)s, %(name)s, %(about)s, %(indicators)s)
on conflict (code) do update set name = excluded.name, about = excluded.about, indicators = excluded.indicators
returning (xmax = 0) as made

-- name: delete_set
delete from indicator_set where code = %(code)s returning code
