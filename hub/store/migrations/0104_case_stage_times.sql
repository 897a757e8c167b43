-- How long visits to stages took, kept as counts of visits by a month and by a range of times: of years the range in which
-- a median lies is known from them, and only the visits in it are looked at.
alter table case_clock add column county text;
comment on column case_clock.county is 'First six digits of the division of its case';
update case_clock k set county = left(c.region, 6) from case_file c where c.id = k.case_id;

-- In which range a time is: each is 2 % wide; what is unknown has one of its own.
create function case_time_range(seconds double precision) returns int language sql immutable parallel safe as $$
    select coalesce(floor(50 * ln(greatest($1, 1)))::int, -1)
$$;

create table case_stage_time (
    cell text not null check (cell in ('all', 'city', 'county')),
    key text collate "C" not null,
    month date not null,
    stage text not null,
    time_range int not null,
    visits int not null,
    primary key (cell, key, month, stage, time_range)
);
comment on table case_stage_time is 'How many visits of cases to a stage ended in a month and took how long, by division';
comment on column case_stage_time.key is 'First digits of a division, as many as its cell has; empty: of all, or of cases without one';
comment on column case_stage_time.month is 'Its first day, in China';
comment on column case_stage_time.time_range is 'case_time_range of case_clock.working_s';

create function case_time_cells(county text) returns table (cell text, key text)
language sql immutable parallel safe as $$
    values ('all', ''), ('city', coalesce(left($1, 4), '')), ('county', coalesce($1, ''))
$$;

create function case_stage_time_add(before public.case_clock[], after public.case_clock[]) returns void
language plpgsql set search_path = public set jit = off as $$
begin
    if before is null and after is null then
        return;
    end if;
    insert into case_stage_time as t
    select k.cell, k.key, v.month, v.stage, v.time_range, sum(v.n)
    from (
        select c.county, date_trunc('month', c.left_at, 'Asia/Shanghai') at time zone 'Asia/Shanghai' as month, c.stage,
               case_time_range(c.working_s) as time_range, sum(c.sign) as n
        from (select -1 as sign, o.* from unnest(before) o union all select 1, o.* from unnest(after) o) c
        group by 1, 2, 3, 4
        having sum(c.sign) <> 0
    ) v
    cross join lateral case_time_cells(v.county) k
    group by 1, 2, 3, 4, 5
    order by 1, 2, 3, 4, 5
    on conflict (cell, key, month, stage, time_range) do update set visits = t.visits + excluded.visits;
end $$;

create function case_stage_time_insert() returns trigger language plpgsql set search_path = public as $$
begin
    perform case_stage_time_add(
        null, (select array_agg(row(r.*)::public.case_clock) from added r where r.left_at is not null));
    return null;
end $$;
create function case_stage_time_update() returns trigger language plpgsql set search_path = public as $$
begin
    perform case_stage_time_add(
        (select array_agg(row(r.*)::public.case_clock) from was r where r.left_at is not null),
        (select array_agg(row(r.*)::public.case_clock) from added r where r.left_at is not null));
    return null;
end $$;
create function case_stage_time_delete() returns trigger language plpgsql set search_path = public as $$
begin
    perform case_stage_time_add(
        (select array_agg(row(r.*)::public.case_clock) from was r where r.left_at is not null), null);
    return null;
end $$;
create trigger case_stage_time_insert after insert on case_clock referencing new table as added
    for each statement execute function case_stage_time_insert();
create trigger case_stage_time_update after update on case_clock referencing old table as was new table as added
    for each statement execute function case_stage_time_update();
create trigger case_stage_time_delete after delete on case_clock referencing old table as was
    for each statement execute function case_stage_time_delete();

create function case_clock_moved() returns trigger language plpgsql set search_path = public as $$
begin
    update case_clock set county = left(new.region, 6) where case_id = new.id;
    return null;
end $$;
create trigger case_clock_moved after update of region on case_file
    for each row when (old.region is distinct from new.region) execute function case_clock_moved();

insert into case_stage_time
select c.cell, c.key, v.month, v.stage, v.time_range, sum(v.n)
from (
    select county, date_trunc('month', left_at, 'Asia/Shanghai') at time zone 'Asia/Shanghai' as month, stage,
           case_time_range(working_s) as time_range, count(*) as n
    from case_clock where left_at is not null group by 1, 2, 3, 4
) v
cross join lateral case_time_cells(v.county) c
group by 1, 2, 3, 4, 5;

create index case_clock_time on case_clock (stage, working_s, left_at, county) where left_at is not null;

create or replace view scoped.case_clock as
select k.* from public.case_clock k where exists (select from scoped.case_file c where c.id = k.case_id);
