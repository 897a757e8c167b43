-- Counts of cases by day and month, kept with each change of a case in its own transaction: figures over years read
-- thousands of rows instead of a million cases.
create table case_tally (
    cell text not null,
    category text collate "C" not null,
    key text collate "C" not null,
    grain text not null check (grain in ('day', 'month')),
    day date not null,
    what text not null,
    n int not null,
    primary key (cell, category, grain, key, day, what)
);
comment on table case_tally is 'How many cases are in each count (case_counts, at the end of time), by day or month and by one cell of case_cells';
comment on column case_tally.day is 'Of a month its first; days are those of China';

-- Under which cells a case is counted, each with a key and a main category; what lies above counties is summed of these.
create function case_cells(
    region text, organisation text, responsible text, category_kind text, category text, area_keys text[]
) returns table (cell text, key text, category text, daily boolean) language sql immutable parallel safe as $$
    values ('all', '', '', true),
           ('county', coalesce(left($1, 6), ''), '', true),
           ('town', coalesce(left($1, 9), ''), '', false),
           ('organisation', coalesce($2, ''), '', true),
           ('responsible', coalesce($3, ''), '', true),
           ('all', '', coalesce($4 || ':' || left($5, 2), '-'), true),
           ('county', coalesce(left($1, 6), ''), coalesce($4 || ':' || left($5, 2), '-'), false),
           ('category', coalesce($4 || ':' || $5, ''), '', false)
    union all
    select 'area', area, '', false from unnest(coalesce(nullif(areas_of($6), '{}'), array[''])) as area
$$;

create function case_tally_add(before public.case_file[], after public.case_file[]) returns void
language plpgsql set jit = off as $$  -- plpgsql keeps its plan, and compiling that costs more than running it
begin
    with signed as (
        select -1 as sign, c.* from unnest(before) c
        union all
        select 1, c.* from unnest(after) c
    ), net as (
        select c.region, c.organisation, c.responsible, c.category_kind, c.category, c.area_keys, m.what,
               (m.at at time zone 'Asia/Shanghai')::date as day, sum(c.sign) as n
        from signed c
        cross join lateral case_counts(c.stage, c.reported_at, c.accepted_at, c.filed_at, c.dispatched_at, c.closed_at,
                                       c.closed_how, c.ended_at, c.due_at, c.returned, c.reworked, c.extended,
                                       c.suspended, c.suspended_at, c.supervised, 'infinity') m
        where m.at is not null
        group by 1, 2, 3, 4, 5, 6, 7, 8
        having sum(c.sign) <> 0
    )
    insert into public.case_tally as t (cell, category, grain, key, day, what, n)
    select k.cell, k.category, g.grain, k.key, g.day, net.what, sum(net.n)
    from net
    cross join lateral case_cells(net.region, net.organisation, net.responsible, net.category_kind, net.category,
                                  net.area_keys) k
    cross join lateral (values ('month', date_trunc('month', net.day)::date), ('day', net.day)) g (grain, day)
    where k.daily or g.grain = 'month'
    group by 1, 2, 3, 4, 5, 6
    having sum(net.n) <> 0
    order by 1, 2, 3, 4, 5, 6
    on conflict (cell, category, grain, key, day, what) do update set n = t.n + excluded.n;
end $$;

create function case_tally_insert() returns trigger language plpgsql set search_path = public as $$
begin
    perform case_tally_add(null, (select array_agg(row(r.*)::public.case_file) from added r));
    return null;
end $$;
create function case_tally_update() returns trigger language plpgsql set search_path = public as $$
begin
    perform case_tally_add((select array_agg(row(r.*)::public.case_file) from was r), (select array_agg(row(r.*)::public.case_file) from added r));
    return null;
end $$;
create function case_tally_delete() returns trigger language plpgsql set search_path = public as $$
begin
    perform case_tally_add((select array_agg(row(r.*)::public.case_file) from was r), null);
    return null;
end $$;
create trigger case_tally_insert after insert on case_file referencing new table as added
    for each statement execute function case_tally_insert();
create trigger case_tally_update after update on case_file referencing old table as was new table as added
    for each statement execute function case_tally_update();
create trigger case_tally_delete after delete on case_file referencing old table as was
    for each statement execute function case_tally_delete();

select case_tally_add(null, array_agg(c)) from case_file c group by date_trunc('month', c.reported_at);

-- Lists of figures that few cases are in.
create index case_file_open_due on case_file (due_at, id) where ended_at is null;
create index case_file_standing on case_file (filed_at, id) where suspended_at is not null;
