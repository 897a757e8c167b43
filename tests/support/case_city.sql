-- name: prepare
-- Where the copy of a case is, and whose: every copy of each pattern differs.
create schema city;
create function city.copied(id uuid, n int) returns uuid language sql immutable as $$
    select md5(id::text || n)::uuid
$$;
create function city.chance(id uuid, n int) returns bigint language sql immutable as $$
    select hashtextextended(id::text, n) & 9223372036854775807
$$;
create function city.region(region text, chance bigint) returns text language sql immutable as $$
    select left(region, 4) || lpad((1 + chance % 10)::text, 2, '0') || substr(region, 7)
$$;
create function city.owner(code text, chance bigint) returns text language sql immutable as $$
    select code || '-' || 1 + chance / 10 % 15
$$;
create function city.category(code text, chance bigint) returns text language sql immutable as $$
    select '0' || 1 + chance / 150 % 9 || substr(code, 3)
$$;
insert into organisation (code, name)
select o.code || '-' || n, o.name || '-' || n from organisation o, generate_series(1, 15) n;
insert into area (code, name, divisions) values
    ('lake', '湖区', '{330103001,330103002}'), ('zone', '开发区', '{330105}'), ('river', '河道', '{330108004,330109004}');
create table city.place as
select o.code as organisation, c.region, area_keys(nullif(o.code, ''), c.region, null, null) as area_keys
from (select distinct left(region, 4) || lpad(n::text, 2, '0') || substr(region, 7) as region
      from case_file, generate_series(1, 10) n) c
cross join (select code from organisation union all select '') o (code);
create table city.pattern as select * from case_file;
create table city.pattern_clock as select * from case_clock;
create table city.pattern_step as select * from case_step;
analyze city.pattern, city.pattern_clock, city.pattern_step, city.place

-- name: indexes
select format('%I.%I', i.schemaname, i.indexname), i.indexdef
from pg_indexes i
where i.schemaname = 'public' and i.tablename in ('case_file', 'case_clock', 'case_step', 'case_fact')
  and i.indexname not in (select conname from pg_constraint where contype in ('p', 'u'))

-- name: cases
-- The n-th copies of all patterns, so many weeks before them.
with placed as materialized (
    select c.*, city.copied(c.id, %(n)s) as copy, h.chance, city.region(c.region, h.chance) as its_region,
           coalesce(city.owner(c.organisation, h.chance), '') as its_owner
    from city.pattern c, lateral (select city.chance(c.id, %(n)s) offset 0) h (chance)
)
insert into case_file (
    id, number, title, source, category_kind, category, category_version, component, level, region, organisation, lon,
    lat, area_keys, alert_id, reported_at, reported_by, reporters, stage, stage_at, stage_by, stage_due_at, seq, visits,
    updated_at, responsible, assisting, accepted_at, filed_at, dispatched_at, handled_at, closed_at, closed_how,
    ended_at, due_at, returned, reworked, extended, suspended, suspended_at, review_at, supervised, supervision,
    supervision_due_at, asked, asked_by, asked_at, asked_hours, asked_until, merged_into)
select c.copy, case_number(c.reported_at - w.ago), c.title, c.source, c.category_kind,
       city.category(c.category, c.chance), c.category_version, c.component, c.level, p.region, nullif(c.its_owner, ''),
       c.lon, c.lat, p.area_keys, c.alert_id,
       c.reported_at - w.ago, c.reported_by, c.reporters, c.stage, c.stage_at - w.ago, c.stage_by,
       c.stage_due_at - w.ago, c.seq, c.visits, c.updated_at - w.ago, city.owner(c.responsible, c.chance),
       c.assisting, c.accepted_at - w.ago, c.filed_at - w.ago, c.dispatched_at - w.ago, c.handled_at - w.ago,
       c.closed_at - w.ago, c.closed_how, c.ended_at - w.ago, c.due_at - w.ago, c.returned, c.reworked, c.extended,
       c.suspended, c.suspended_at - w.ago, c.review_at - w.ago, c.supervised, c.supervision,
       c.supervision_due_at - w.ago, c.asked, c.asked_by, c.asked_at - w.ago, c.asked_hours, c.asked_until - w.ago,
       city.copied(c.merged_into, %(n)s)
from placed c
cross join (select make_interval(weeks => %(weeks)s) as ago) w
join city.place p on p.region = c.its_region and p.organisation = c.its_owner
order by c.reported_at

-- name: clocks
insert into case_clock (
    case_id, visit, stage, entered_at, running_from, counted_s, limit_s, extended_s, working, due_at, stopped_s,
    stopped_at, left_at, working_s, deadlines_version, overdue_at, alert_id, stops, county)
select city.copied(k.case_id, %(n)s), k.visit, k.stage, k.entered_at - w.ago, k.running_from - w.ago, k.counted_s,
       k.limit_s, k.extended_s, k.working, k.due_at - w.ago, k.stopped_s, k.stopped_at - w.ago, k.left_at - w.ago,
       k.working_s, k.deadlines_version, k.overdue_at - w.ago, k.alert_id,
       case when k.stops = '{}' then k.stops else array(select each - w.ago from unnest(k.stops) each) end,
       left(city.region(k.county, city.chance(k.case_id, %(n)s)), 6)
from city.pattern_clock k
cross join (select make_interval(weeks => %(weeks)s) as ago) w

-- name: steps
insert into case_step (
    id, case_id, seq, at, kind, stage_from, stage_to, actor, principal, organisation, note, detail)
select city.copied(s.id, %(n)s), city.copied(s.case_id, %(n)s), s.seq, s.at - w.ago, s.kind, s.stage_from, s.stage_to,
       s.actor, s.principal, s.organisation, s.note,
       case when s.detail = '{}' then s.detail else s.detail || jsonb_strip_nulls(jsonb_build_object(
           'responsible', city.owner(s.detail ->> 'responsible', city.chance(s.case_id, %(n)s)),
           'until', to_char(((s.detail ->> 'until')::timestamptz - w.ago) at time zone 'Asia/Shanghai',
                                    'YYYY-MM-DD"T"HH24:MI:SS"+08:00"'),
           'into', city.copied((s.detail ->> 'into')::uuid, %(n)s),
           'joined', city.copied((s.detail ->> 'joined')::uuid, %(n)s))) || case
           when s.detail ? 'outcome' then jsonb_build_object('outcome', s.detail -> 'outcome' || jsonb_build_object(
               'case', city.copied((s.detail -> 'outcome' ->> 'case')::uuid, %(n)s)))
           else '{}' end
       end
from city.pattern_step s
cross join (select make_interval(weeks => %(weeks)s) as ago) w
order by s.cursor

-- name: facts
insert into case_fact select f.* from case_file c cross join lateral case_facts_of(c) f

-- name: cells
select cell, by_main
from (values ('all', false), ('county', true), ('member', false), ('area', false), ('all', true), ('county', false),
             ('town', false), ('organisation', false), ('responsible', false), ('level', false), ('category', false))
    c (cell, by_main)

-- name: tally
select case_tally_rebuild(%(cell)s, %(by_main)s)

-- name: stage_times
insert into case_stage_time
select c.cell, c.key, v.month, v.stage, v.time_range, sum(v.n)
from (
    select county, date_trunc('month', left_at, 'Asia/Shanghai') at time zone 'Asia/Shanghai' as month, stage,
           case_time_range(working_s) as time_range, count(*) as n
    from case_clock where left_at is not null group by 1, 2, 3, 4
) v
cross join lateral case_time_cells(v.county) c
group by 1, 2, 3, 4, 5
