-- Who is on duty (值班): workdays as data per year, rotas, and who is at the desk.
create table calendar_day (
    date date primary key,
    workday boolean not null,
    name text not null check (name <> '')
);
comment on table calendar_day is 'Days that differ from the week, as they are published (节假日, 调休); of a year without any nothing is known';

create table rota (
    code text primary key check (code ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
    name text not null,
    organisation text not null references organisation,
    region text,
    zone text not null,
    shifts jsonb not null,
    unit text not null check (unit in ('shift', 'day', 'week')),
    from_date date not null,
    leader uuid references principal,
    scope text[] not null generated always as (scope_keys(organisation, region, '{}')) stored
);
comment on table rota is 'Who is on duty when at a desk (值班表): shifts, and turns of people';
comment on column rota.region is 'The division of its desk: whoever may see that sees the rota';
comment on column rota.shifts is 'A list of {name, begin, end, days}: minutes of the day; one across midnight ends after 1440';
comment on column rota.from_date is 'The first day of the first turn, in the time zone of the rota';
comment on column rota.scope is 'As device.scope: who may see it';

create table rota_member (
    rota text references rota on delete cascade,
    turn smallint not null check (turn >= 0),
    principal_id uuid not null references principal,
    primary key (rota, turn, principal_id)
);
comment on table rota_member is 'Whose turn it is when, of a rota';
comment on column rota_member.turn is 'When its turn comes, from 0; those of one turn are on duty together';
create index on rota_member (principal_id);

create table rota_substitute (
    rota text references rota on delete cascade,
    instead_of uuid not null references principal,
    from_at timestamptz not null,
    to_at timestamptz not null check (to_at > from_at),
    principal_id uuid not null references principal check (principal_id <> instead_of),
    primary key (rota, instead_of, from_at)
);
comment on table rota_substitute is 'Who stands in for whom, of a rota';
create index on rota_substitute (principal_id);

create table desk_presence (
    principal_id uuid primary key references principal,
    clicked_at timestamptz,
    clicked_until timestamptz,
    streamed_until timestamptz
);
comment on table desk_presence is 'Who is at a desk: an open stream of alerts, and a click, both proven again from time to time';

create view scoped.rota as
select r.* from public.rota r where r.scope && (select scoped.granted_whole()) with local check option;
create view scoped.rota_member as
select m.* from public.rota_member m where exists (select from scoped.rota r where r.code = m.rota);
create view scoped.rota_substitute as
select s.* from public.rota_substitute s where exists (select from scoped.rota r where r.code = s.rota);
-- Of those who are on duty somewhere within the scope, or belong to an organisation of it.
create view scoped.desk_presence as
select d.* from public.desk_presence d
where exists (select from scoped.rota_member m where m.principal_id = d.principal_id)
   or exists (select from scoped.rota_substitute s where s.principal_id = d.principal_id)
   or exists (select from public.principal p where p.id = d.principal_id
                and scope_keys(p.organisation, null, '{}') && (select scoped.granted_whole()));
