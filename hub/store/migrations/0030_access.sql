-- Who may do what, and where: people and machines, what they were granted, and named areas.

create table principal (
    id uuid primary key default gen_random_uuid(),
    kind text not null check (kind in ('person', 'machine')),
    name text not null check (name ~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$'),
    display_name text not null default '',
    organisation text references organisation,
    state text not null default 'active' check (state in ('active', 'locked', 'erased')),
    created_at timestamptz not null default clock_timestamp()
);
create unique index on principal (lower(name));

-- Development zones, river basins, grids: what follows no prefix of a division code.
create table area (
    code text primary key check (code ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
    name text not null,
    kind text not null default 'area' check (kind in ('area', 'grid')),
    divisions text[] not null default '{}',
    cells text[] not null default '{}',
    outline jsonb,
    ring polygon,
    valid_from timestamptz,
    valid_to timestamptz check (valid_to > valid_from),
    created_at timestamptz not null default clock_timestamp()
);

create table access_grant (
    id uuid primary key default gen_random_uuid(),
    principal_id uuid not null references principal,
    role text not null,
    organisation text references organisation,
    region text check (region ~ '^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$'),
    area text references area,
    valid_from timestamptz,
    valid_to timestamptz check (valid_to > valid_from),
    granted_by text not null,
    granted_at timestamptz not null default clock_timestamp(),
    check (region is null or area is null)
);
create index on access_grant (principal_id);

-- Tells every process that who may what has changed.
create function notify_access() returns trigger language plpgsql as $$
begin
    notify ganzhi_access;
    return null;
end $$;
create trigger tell after insert or update or delete on principal for each statement execute function notify_access();
create trigger tell after insert or update or delete on access_grant for each statement execute function notify_access();
create trigger tell after insert or update or delete on area for each statement execute function notify_access();

-- Scope keys: each place that a thing belongs to is one key, `organisation/place`, where either may be empty and the
-- place is the first digits of a division or `@` and an area. A grant is one key too; it reaches what has that key.
create function scope_keys(organisation text, region text, area_keys text[]) returns text[]
language sql immutable parallel safe as $$
    select array_remove(array[
        organisation || '/',
        '/' || left(region, 2), '/' || left(region, 4), '/' || left(region, 6), '/' || left(region, 9), '/' || region,
        organisation || '/' || left(region, 2), organisation || '/' || left(region, 4),
        organisation || '/' || left(region, 6), organisation || '/' || left(region, 9), organisation || '/' || region
    ], null) || area_keys
$$;

-- Whether an area itself, without its cells, holds a place.
create function area_holds(a area, in_region text, lon float8, lat float8) returns boolean
language sql immutable parallel safe as $$
    select coalesce(
        exists (select from unnest(a.divisions) as division where in_region ^@ division) or a.ring @> point(lon, lat),
        false)
$$;

-- The keys by which the areas of a place hold it.
create function area_keys(in_organisation text, in_region text, lon float8, lat float8) returns text[]
language plpgsql stable as $$
begin
    if not exists (select from area) then
        return '{}';
    end if;
    return coalesce((
        with own as (
            select a.code from area a where area_holds(a, in_region, lon, lat)
        ), held as (
            select code from own
            union
            select a.code from area a join own on own.code = any (a.cells)
        )
        select array_agg(o.organisation || '/@' || held.code order by held.code, o.organisation)
        from held, unnest(array['', in_organisation]) as o (organisation)
        where o.organisation is not null), '{}');
end $$;

alter table device
    add column area_keys text[] not null default '{}',
    add column scope text[] not null generated always as (scope_keys(organisation, region, area_keys)) stored;
create index device_scope on device using gin (scope);

create function device_areas() returns trigger language plpgsql as $$
begin
    new.area_keys := area_keys(new.organisation, new.region, new.lon, new.lat);
    return new;
end $$;
create trigger areas before insert or update of organisation, region, lon, lat on device
    for each row execute function device_areas();

-- What a caller with a limited scope sees instead of the tables: the connection's search_path is `scoped, public`, and
-- ganzhi.scope holds the keys that it was granted. Views, not row-level security: policies forbid each index whose
-- operator is not leakproof, which searches by prefix, part of a name and place need.
create schema scoped;
create function scoped.granted() returns text[] language sql stable parallel safe as $$
    select current_setting('ganzhi.scope')::text[]
$$;

create view scoped.device as
select d.* from public.device d where d.scope && (select scoped.granted()) with local check option;

create view scoped.series as
select s.* from public.series s where exists (select from scoped.device d where d.id = s.device_id);

create view scoped.latest as
select l.* from public.latest l where exists (select from scoped.series s where s.id = l.series_id);

create view scoped.event as
select e.* from public.event e where exists (select from scoped.device d where d.id = e.device_id);

create view scoped.alert as
select a.* from public.alert a where exists (select from scoped.device d where d.id = a.device_id);

create view scoped.alert_change as
select c.* from public.alert_change c where exists (select from scoped.alert a where a.id = c.alert_id);

create view scoped.outbox as
select o.* from public.outbox o where exists (select from scoped.alert a where a.id = o.alert_id);

create view scoped.command as
select c.* from public.command c where exists (select from scoped.device d where d.id = c.device_id);

create view scoped.credential as
select c.* from public.credential c where exists (select from scoped.device d where d.id = c.device_id);

create view scoped.maintenance as
select m.* from public.maintenance m where exists (select from scoped.device d where d.id = m.device_id);

create view scoped.device_health as
select h.* from public.device_health h where exists (select from scoped.device d where d.id = h.device_id);

create view scoped.device_online as
select h.* from public.device_online h where exists (select from scoped.device d where d.id = h.device_id);

create view scoped.device_seen as
select h.* from public.device_seen h where exists (select from scoped.device d where d.id = h.device_id);

create view scoped.device_status as
select h.* from public.device_status h where exists (select from scoped.device d where d.id = h.device_id);

create view scoped.device_flood as
select h.* from public.device_flood h where exists (select from scoped.device d where d.id = h.device_id);

create view scoped.device_unused as
select h.* from public.device_unused h where exists (select from scoped.device d where d.id = h.device_id);

create view scoped.completeness as
select h.* from public.completeness h where exists (select from scoped.device d where d.id = h.device_id);

-- A letter is its device's; of one whose device is not known nobody with a limited scope hears.
create view scoped.dead_letter as
select l.* from public.dead_letter l where exists (select from scoped.device d where d.code = l.device);

create view scoped.device_no_news as
select h.* from public.device_no_news h where exists (select from scoped.device d where d.id = h.device_id);

create view scoped.dead_letter_count as
select date_trunc('minute', l.received_at) as minute, l.reason, l.transport, count(*) as stored, 0::bigint as dropped
from scoped.dead_letter l
group by 1, 2, 3;

create view scoped.session as
select s.* from public.session s where exists (select from scoped.device d where d.id = s.device_id);

create function scoped.session_of(device scoped.device) returns int language sql stable as $$
    select s.device_id from public.session s where s.device_id in (device.id, device.parent_id)
    order by s.device_id = device.id desc limit 1
$$;

create view scoped.catalogue as
select c.id, c.code, c.name, c.profile, c.profile_name, c.category, c.organisation, c.organisation_name, c.region,
       c.region_path, c.lon, c.lat, (select p.code from scoped.device p where p.code = c.parent) as parent, c.tags,
       c.state, c.online, c.online_since, c.last_seen, c.created_at
from public.catalogue c
where exists (select from scoped.device d where d.id = c.id);

create view scoped.catalogue_state as
select s.* from public.catalogue_state s where exists (select from scoped.device d where d.id = s.id);

-- What is counted in advance is counted over everything.
create view scoped.catalogue_counted as select c.* from public.catalogue_counted c where false;

-- Whether a device would be in reach of the caller: of everybody whose connection has no scope.
create function in_scope(organisation text, region text, lon float8, lat float8) returns boolean
language sql stable as $$
    select coalesce(scope_keys(organisation, region, area_keys(organisation, region, lon, lat))
                    && nullif(current_setting('ganzhi.scope', true), '')::text[], true)
$$;

create function device_next_id() returns int language sql volatile as $$
    select nextval(pg_get_serial_sequence('public.device', 'id'))::int
$$;

-- Whether a code is taken by a device, seen or not: codes are one space for all.
create function code_taken(p_code text) returns boolean language sql stable as $$
    select exists (select from public.device d where d.code = p_code)
$$;

comment on table principal is 'People and machines that may be granted something';
comment on table area is 'Named areas: divisions, cells (单元网格) or an outline; a grid (网格) is one';
comment on table access_grant is 'Who holds which role, for what: an organisation, a division''s subtree or an area';
comment on column device.area_keys is 'Scope keys of the areas that hold it';
comment on column device.scope is 'Scope keys: a caller who was granted one of them sees it';
