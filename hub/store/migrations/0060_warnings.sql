-- Official warnings (预警): one row for each identifier, whoever says it; what each source said; how pulled sources do.
create table warning (
    id uuid primary key,
    identifier text not null unique,
    status text not null check (status in ('actual', 'exercise', 'test')),
    type text not null check (type in ('alert', 'update', 'cancel')),
    sent timestamptz not null,
    kind text not null,
    level smallint check (level between 1 and 4),
    ends_at timestamptz not null,
    refers_to text[] not null,
    divisions text[] not null,
    regions text[] not null,
    rings polygon[] not null,
    content jsonb not null,
    sources text[] not null,
    listed_by text[] not null,
    ended_as text check (ended_as in ('updated', 'cancelled')),
    ended_by uuid,
    first_at timestamptz not null default clock_timestamp(),
    changed_at timestamptz not null default clock_timestamp()
);
comment on table warning is 'Official warnings, merged over their sources by their identifier';
comment on column warning.level is '1 blue to 4 red; null: the source states none that is known';
comment on column warning.ends_at is 'When it ends, if nothing comes before: its own end, or a day after it was last heard of';
comment on column warning.refers_to is 'Identifiers of the messages that it updates or cancels';
comment on column warning.divisions is 'First digits of the divisions that it is stated for';
comment on column warning.regions is 'The same, with the counties of the devices within its outlines: whom it concerns';
comment on column warning.rings is 'Its outlines (lon, lat); a circle is one with 36 corners';
comment on column warning.content is 'hub.warnings.message.Message, merged';
comment on column warning.listed_by is 'The sources that say it now: those of a list whose newest list has it, and others';
comment on column warning.ended_as is 'What a later message has made of it';
create index on warning (sent desc, id);
create index on warning using gin (refers_to);
create index on warning (changed_at);
create index on warning using gin (listed_by);

create table warning_message (
    id bigint generated always as identity primary key,
    warning_id uuid not null references warning on delete cascade,
    source text not null,
    format text not null,
    digest bytea not null,
    received_at timestamptz not null default clock_timestamp(),
    received_by text not null,
    content jsonb not null,
    unique (warning_id, source, digest)
);
comment on table warning_message is 'What each source has said of a warning, as it was read';

create table warning_source (
    name text primary key,
    tried_at timestamptz not null,
    heard_at timestamptz,
    etag text,
    last_modified text,
    failing_since timestamptz,
    last_error text,
    last_error_words jsonb
);
comment on table warning_source is 'How the sources of warnings do that are pulled';

-- The places of a key of a grant (hub/access/scope.py), as first digits of divisions; what follows no division is where
-- its devices are.
create function key_places(key text) returns setof text language sql stable parallel safe as $$
    select '' where key = '/'
    union all
    select split_part(key, '/', 2) where split_part(key, '/', 2) ~ '^[0-9]+$'
    union all
    select o.region from public.organisation o where key = o.code || '/' and o.region is not null
    union all
    select division from public.area a, unnest(a.divisions) as division where split_part(key, '/', 2) = '@' || a.code
    union all
    select distinct left(d.region, 6)
    from public.device d
    where key <> '/' and (key ^@ '/@' or key like '%/@%' or key like '%/')
      and d.scope && array[key] and d.region is not null
      and not exists (select from public.organisation o where key = o.code || '/' and o.region is not null)
$$;
-- Whether a warning for some divisions concerns some places: it covers one of them, or lies in it.
create function warning_concerns(regions text[], places text[]) returns boolean
language sql immutable parallel safe as $$
    select '' = any (places)
        or exists (select from unnest(regions) r, unnest(places) p where r ^@ p or p ^@ r)
$$;
create function scoped.places() returns text[] language sql stable parallel safe as $$
    select coalesce(array_agg(distinct place), '{}')
    from unnest(scoped.granted_whole()) as key, key_places(key) as place
$$;

create view scoped.warning as
select w.* from public.warning w where warning_concerns(w.regions, (select scoped.places()));
create view scoped.warning_message as
select m.* from public.warning_message m where exists (select from scoped.warning w where w.id = m.warning_id);
