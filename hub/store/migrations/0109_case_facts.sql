-- What figures need of a case stands in a narrow row of its own: what is not kept as counts is counted from 170 bytes a
-- case instead of 600, and a case that is looked at costs less. Counts can be built anew from it, a cell at a time.
create function case_holders(organisation text, responsible text, assisting text[], area_keys text[]) returns text[]
language sql immutable parallel safe as $$
    select array(select distinct member from unnest(array[$1, $2] || $3) as member where member is not null
                 order by 1)
           || array(select '@' || area from unnest(public.areas_of($4)) as area order by 1)
$$;
comment on function case_holders is 'The organisations whose it is, who handle it and help, and @ with each area that holds it';

create table case_fact (
    id uuid primary key references case_file on delete cascade,
    marks int not null,
    reported date not null,
    accepted date,
    filed date,
    dispatched date,
    ended date,
    due date,
    level smallint,
    region text collate "C",
    category_kind text,
    category text collate "C",
    organisation text,
    responsible text,
    holders text[] not null
) with (fillfactor = 80);
comment on table case_fact is 'What figures need of a case_file; its triggers keep it. Days are those of China';
comment on column case_fact.due is 'Of the deadline, also of a case that is in no count of what is due';

create function case_facts_of(c public.case_file) returns setof public.case_fact
language sql immutable parallel safe rows 1 as $$
    select c.id, c.marks, (c.reported_at at time zone 'Asia/Shanghai')::date,
           (c.accepted_at at time zone 'Asia/Shanghai')::date, (c.filed_at at time zone 'Asia/Shanghai')::date,
           (c.dispatched_at at time zone 'Asia/Shanghai')::date, (c.ended_at at time zone 'Asia/Shanghai')::date,
           (c.due_at at time zone 'Asia/Shanghai')::date, c.level, c.region, c.category_kind, c.category,
           c.organisation, c.responsible,
           public.case_holders(c.organisation, c.responsible, c.assisting, c.area_keys)
$$;

create function case_fact_changed() returns trigger language plpgsql set search_path = public set jit = off as $$
begin
    insert into case_fact as f
    select n.* from added r cross join lateral case_facts_of(row(r.*)::public.case_file) n
    on conflict (id) do update
    set marks = excluded.marks, reported = excluded.reported, accepted = excluded.accepted, filed = excluded.filed,
        dispatched = excluded.dispatched, ended = excluded.ended, due = excluded.due, level = excluded.level,
        region = excluded.region, category_kind = excluded.category_kind, category = excluded.category,
        organisation = excluded.organisation, responsible = excluded.responsible, holders = excluded.holders
    where (f.*) is distinct from (excluded.*);
    return null;
end $$;
create trigger case_fact_insert after insert on case_file referencing new table as added
    for each statement execute function case_fact_changed();
create trigger case_fact_update after update on case_file referencing new table as added
    for each statement execute function case_fact_changed();

insert into case_fact select f.* from case_file c cross join lateral case_facts_of(c) f;

create index case_fact_region on case_fact (region);
create index case_fact_organisation on case_fact (organisation);
create index case_fact_responsible on case_fact (responsible);
create index case_fact_holders on case_fact using gin (holders);
analyze case_fact;

create view scoped.case_fact as
select f.* from public.case_fact f where exists (select from scoped.case_file c where c.id = f.id);

-- One kind of cells of case_tally, of all cases or by main category, built anew from all cases: as case_cells has them.
create function case_tally_rebuild(of_cell text, by_main boolean) returns void
language plpgsql set search_path = public set jit = off as $$
declare
    daily constant boolean := of_cell not in ('town', 'category') and not (of_cell = 'county' and by_main);
    bases constant text[] := '{reported,accepted,filed,dispatched,ended,due}';
begin
    delete from case_tally where cell = of_cell and (category <> '') = by_main;
    insert into case_tally
    with alike as (
        select k.keys, k.main, b.basis, f.marks, b.day, count(*)::int as n
        from case_fact f
        cross join lateral (select
            case of_cell when 'all' then '' when 'county' then left(f.region, 6) when 'town' then left(f.region, 9)
                         when 'organisation' then f.organisation when 'responsible' then f.responsible
                         when 'level' then f.level::text when 'category' then f.category_kind || ':' || f.category
                         when 'area' then (select string_agg(substr(holder, 2), ' ')
                                           from unnest(f.holders) as holder where holder ^@ '@')
                         when 'member' then (select string_agg(holder, ' ')
                                             from unnest(f.holders) as holder where not holder ^@ '@') end,
            case when by_main then f.category_kind || ':' || left(f.category, 2) end
            offset 0) k (keys, main)  -- once, not for each time of a case
        cross join lateral (values (1, f.reported), (2, f.accepted), (3, f.filed), (4, f.dispatched), (5, f.ended),
                                   (6, case when f.marks & 8196 <> 0 then f.due end)) b (basis, day)
        where b.day is not null
        group by 1, 2, 3, 4, 5
    )
    select of_cell, g.grain, case when by_main then coalesce(a.main, '-') else '' end, k.key, g.day,
           sum(m.reported), sum(m.accepted), sum(m.rejected), sum(m.merged), sum(m.self_handled), sum(m.filed),
           sum(m.extended), sum(m.suspended), sum(m.suspended_now), sum(m.supervised), sum(m.dispatched),
           sum(m.dispatched_right), sum(m.closed), sum(m.closed_after_dispatch), sum(m.closed_after_rework),
           sum(m.due), sum(m.due_closed), sum(m.closed_in_time), sum(m.closed_late), sum(m.overdue_open)
    from alike a
    cross join lateral case_counts(bases[a.basis], a.marks, a.n) m
    cross join lateral unnest(case when of_cell in ('area', 'member') and a.keys <> '' then string_to_array(a.keys, ' ')
                                   when of_cell <> 'member' then array[coalesce(a.keys, '')] end) k (key)
    cross join lateral (values ('month', date_trunc('month', a.day)::date), ('day', a.day)) g (grain, day)
    where daily or g.grain = 'month'
    group by 2, 3, 4, 5;
end $$;
