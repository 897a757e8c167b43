-- What is counted of cases is told by marks that each case carries, and kept in rows with a column a count: figures over
-- years read hundreds of rows, for callers of every scope.
drop trigger case_tally_insert on case_file;
drop trigger case_tally_update on case_file;
drop trigger case_tally_delete on case_file;
drop function case_tally_insert();
drop function case_tally_update();
drop function case_tally_delete();
drop function case_tally_add(case_file[], case_file[]);
drop function case_cells(text, text, text, text, text, text[]);
drop function case_counts(
    text, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, text, timestamptz, timestamptz, int, int,
    int, int, timestamptz, int, timestamptz);
drop table case_tally;
drop index case_file_standing;

alter table case_file add column marks int not null generated always as (
    (stage = 'rejected')::int
    | ((stage = 'merged')::int << 1)
    | ((stage = 'closed')::int << 2)
    | (coalesce((closed_how = 'self_handled')::int, 0) << 3)
    | (coalesce((closed_how = 'handled')::int, 0) << 4)
    | ((reworked > 0)::int << 5)
    | ((extended > 0)::int << 6)
    | ((suspended > 0)::int << 7)
    | ((suspended_at is not null)::int << 8)
    | ((supervised > 0)::int << 9)
    | ((returned > 0)::int << 10)
    | (coalesce((closed_at <= due_at)::int, 0) << 11)
    | (coalesce((closed_at > due_at)::int, 0) << 12)
    | ((ended_at is null)::int << 13)) stored;
comment on column case_file.marks is 'What decides in which counts it is (case_in), a bit each';

-- Whether a case with these marks is in a count. Only the deadline of an open case depends on the clock: it is counted
-- once it has passed.
create function case_in(what text, marks int) returns boolean language sql immutable parallel safe as $$
    select case $1
        when 'reported' then true
        when 'accepted' then true
        when 'rejected' then $2 & 1 <> 0
        when 'merged' then $2 & 2 <> 0
        when 'self_handled' then $2 & 8 <> 0
        when 'filed' then true
        when 'extended' then $2 & 64 <> 0
        when 'suspended' then $2 & 128 <> 0
        when 'suspended_now' then $2 & 256 <> 0
        when 'supervised' then $2 & 512 <> 0
        when 'dispatched' then true
        when 'dispatched_right' then $2 & 1024 = 0
        when 'closed' then $2 & 4 <> 0
        when 'closed_after_dispatch' then $2 & 16 <> 0
        when 'closed_after_rework' then $2 & 48 = 48
        when 'due' then $2 & 8196 <> 0
        when 'due_closed' then $2 & 4 <> 0
        when 'closed_in_time' then $2 & 2048 <> 0
        when 'closed_late' then $2 & 4096 <> 0
        when 'overdue_open' then $2 & 8192 <> 0
    end
$$;

-- In which counts so many cases with these marks are by one of their times: reported_at, ended_at, ...
create function case_counts(basis text, marks int, n int) returns table (
    reported int, accepted int, rejected int, merged int, self_handled int, filed int,
    extended int, suspended int, suspended_now int, supervised int, dispatched int,
    dispatched_right int, closed int, closed_after_dispatch int, closed_after_rework int, due int,
    due_closed int, closed_in_time int, closed_late int, overdue_open int
) language sql immutable parallel safe as $$
    select case when $1 = 'reported' then $3 else 0 end,
           case when $1 = 'accepted' then $3 else 0 end,
           case when $1 = 'ended' and case_in('rejected', $2) then $3 else 0 end,
           case when $1 = 'ended' and case_in('merged', $2) then $3 else 0 end,
           case when $1 = 'ended' and case_in('self_handled', $2) then $3 else 0 end,
           case when $1 = 'filed' then $3 else 0 end,
           case when $1 = 'filed' and case_in('extended', $2) then $3 else 0 end,
           case when $1 = 'filed' and case_in('suspended', $2) then $3 else 0 end,
           case when $1 = 'filed' and case_in('suspended_now', $2) then $3 else 0 end,
           case when $1 = 'filed' and case_in('supervised', $2) then $3 else 0 end,
           case when $1 = 'dispatched' then $3 else 0 end,
           case when $1 = 'dispatched' and case_in('dispatched_right', $2) then $3 else 0 end,
           case when $1 = 'ended' and case_in('closed', $2) then $3 else 0 end,
           case when $1 = 'ended' and case_in('closed_after_dispatch', $2) then $3 else 0 end,
           case when $1 = 'ended' and case_in('closed_after_rework', $2) then $3 else 0 end,
           case when $1 = 'due' and case_in('due', $2) then $3 else 0 end,
           case when $1 = 'due' and case_in('due_closed', $2) then $3 else 0 end,
           case when $1 = 'due' and case_in('closed_in_time', $2) then $3 else 0 end,
           case when $1 = 'due' and case_in('closed_late', $2) then $3 else 0 end,
           case when $1 = 'due' and case_in('overdue_open', $2) then $3 else 0 end
$$;

create table case_tally (
    cell text not null,
    grain text not null check (grain in ('day', 'month')),
    category text collate "C" not null,
    key text collate "C" not null,
    day date not null,
    reported int not null, accepted int not null, rejected int not null, merged int not null,
    self_handled int not null, filed int not null, extended int not null, suspended int not null,
    suspended_now int not null, supervised int not null, dispatched int not null, dispatched_right int not null,
    closed int not null, closed_after_dispatch int not null, closed_after_rework int not null, due int not null,
    due_closed int not null, closed_in_time int not null, closed_late int not null, overdue_open int not null,
    primary key (cell, grain, category, key, day)
);
comment on table case_tally is 'How many cases are in each count (case_counts, at the end of time), by day or month and by one cell of case_cells';
comment on column case_tally.day is 'Of a month its first; days are those of China';

-- Under which cells a case is counted, each with a key and a main category; what lies above counties is summed of these.
create function case_cells(
    region text, organisation text, responsible text, assisting text[], category_kind text, category text,
    level smallint, area_keys text[]
) returns table (cell text, key text, category text, daily boolean) language sql immutable parallel safe as $$
    values ('all', '', '', true),
           ('county', coalesce(left($1, 6), ''), '', true),
           ('town', coalesce(left($1, 9), ''), '', false),
           ('organisation', coalesce($2, ''), '', true),
           ('responsible', coalesce($3, ''), '', true),
           ('level', coalesce($7::text, ''), '', true),
           ('all', '', coalesce($5 || ':' || left($6, 2), '-'), true),
           ('county', coalesce(left($1, 6), ''), coalesce($5 || ':' || left($6, 2), '-'), false),
           ('category', coalesce($5 || ':' || $6, ''), '', false)
    union all
    select 'area', area, '', true from unnest(coalesce(nullif(areas_of($8), '{}'), array[''])) as area
    union all
    select distinct 'member', member, '', true from unnest(array[$2, $3] || $4) as member where member is not null
$$;
comment on function case_cells is 'member: the organisations that see a case, whose it is, who handles it and who helps';

create function case_tally_add(before public.case_file[], after public.case_file[]) returns void
language plpgsql set jit = off as $$  -- plpgsql keeps its plan, and compiling that costs more than running it
begin
    insert into public.case_tally as t
    select k.cell, g.grain, k.category, k.key, g.day, sum(net.reported), sum(net.accepted), sum(net.rejected),
           sum(net.merged), sum(net.self_handled), sum(net.filed), sum(net.extended), sum(net.suspended),
           sum(net.suspended_now), sum(net.supervised), sum(net.dispatched), sum(net.dispatched_right), sum(net.closed),
           sum(net.closed_after_dispatch), sum(net.closed_after_rework), sum(net.due), sum(net.due_closed),
           sum(net.closed_in_time), sum(net.closed_late), sum(net.overdue_open)
    from (
        select d.*, m.*
        from (
            select c.region, c.organisation, c.responsible, c.assisting, c.category_kind, c.category, c.level,
                   c.area_keys, c.marks, b.basis, (b.at at time zone 'Asia/Shanghai')::date as day, sum(c.sign)::int as n
            from (select -1 as sign, o.* from unnest(before) o union all select 1, o.* from unnest(after) o) c
            cross join lateral (values ('reported', c.reported_at), ('accepted', c.accepted_at), ('filed', c.filed_at),
                                       ('dispatched', c.dispatched_at), ('ended', c.ended_at),
                                       ('due', case when case_in('due', c.marks) then c.due_at end)) b (basis, at)
            where b.at is not null
            group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
            having sum(c.sign) <> 0
        ) d
        cross join lateral case_counts(d.basis, d.marks, d.n) m
        offset 0  -- once, not for each cell
    ) net
    cross join lateral case_cells(net.region, net.organisation, net.responsible, net.assisting, net.category_kind,
                                  net.category, net.level, net.area_keys) k
    cross join lateral (values ('month', date_trunc('month', net.day)::date), ('day', net.day)) g (grain, day)
    where k.daily or g.grain = 'month'
    group by 1, 2, 3, 4, 5
    order by 1, 2, 3, 4, 5
    on conflict (cell, grain, category, key, day) do update
    set reported = t.reported + excluded.reported, accepted = t.accepted + excluded.accepted,
        rejected = t.rejected + excluded.rejected, merged = t.merged + excluded.merged,
        self_handled = t.self_handled + excluded.self_handled, filed = t.filed + excluded.filed,
        extended = t.extended + excluded.extended, suspended = t.suspended + excluded.suspended,
        suspended_now = t.suspended_now + excluded.suspended_now, supervised = t.supervised + excluded.supervised,
        dispatched = t.dispatched + excluded.dispatched,
        dispatched_right = t.dispatched_right + excluded.dispatched_right, closed = t.closed + excluded.closed,
        closed_after_dispatch = t.closed_after_dispatch + excluded.closed_after_dispatch,
        closed_after_rework = t.closed_after_rework + excluded.closed_after_rework, due = t.due + excluded.due,
        due_closed = t.due_closed + excluded.due_closed, closed_in_time = t.closed_in_time + excluded.closed_in_time,
        closed_late = t.closed_late + excluded.closed_late, overdue_open = t.overdue_open + excluded.overdue_open;
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

create or replace view scoped.case_file as
select c.* from public.case_file c where c.scope && (select scoped.granted_whole()) with local check option;
create or replace view cut.case_file as
select c.id, c.number, case when u.uncut then c.title else '' end as title, c.source, c.category_kind, c.category,
       c.category_version, case when u.uncut then c.component end as component, c.level, c.region, c.organisation,
       case when u.uncut then c.lon end as lon, case when u.uncut then c.lat end as lat, c.area_keys, c.alert_id,
       c.reported_at, case when u.uncut then c.reported_by else '' end as reported_by, c.reporters, c.stage, c.stage_at,
       case when u.uncut then c.stage_by else '' end as stage_by, c.stage_due_at, c.seq, c.visits, c.updated_at,
       c.responsible, c.assisting, c.accepted_at, c.filed_at, c.dispatched_at, c.handled_at, c.closed_at, c.closed_how,
       c.ended_at, c.due_at, c.returned, c.reworked, c.extended, c.suspended, c.suspended_at, c.review_at, c.supervised,
       c.supervision, c.supervision_due_at, c.asked, case when u.uncut then c.asked_by end as asked_by, c.asked_at,
       c.asked_hours, c.asked_until, c.merged_into, c.scope, c.marks
from scoped.case_file c
cross join lateral (select c.scope && cut.keys() as uncut) u;

-- Lists of figures that few cases are in, and times of stages of a period.
create index case_file_standing on case_file (filed_at, id) where marks & 256 <> 0;
create index case_clock_left on case_clock (left_at, stage);
