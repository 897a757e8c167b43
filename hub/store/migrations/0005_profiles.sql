-- Profiles as thing models: what a device tells, how often, what it obeys, and every version of it.

alter table profile
    add column version int not null default 1,
    add column installed int,  -- the version that came from the library; a higher one has been changed by hand
    add column name_en text,
    add column category text,
    -- Expected seconds between the messages of a device; null: it speaks when it has something to say.
    add column interval_s float8 check (interval_s > 0),
    -- Silence after which a device is offline; null: 3 intervals, at least 60 s; no interval: never by silence.
    add column offline_after_s float8 check (offline_after_s > 0),
    add column unknown_metrics text not null default 'refuse' check (unknown_metrics in ('refuse', 'add')),
    -- With 'add': how many metrics a device may have, those of the profile included.
    add column max_metrics int not null default 100 check (max_metrics between 1 and 500),
    add column events jsonb not null default '{}',    -- {kind: {"name", "level"?}}
    add column commands jsonb not null default '{}',  -- {name: {"name", "schema": JSON Schema, "timeout_s"}}
    add column mapping jsonb not null default '{}';   -- {"telemetry" | "event": JMESPath}

create table profile_version (
    profile_id int not null references profile on delete cascade,
    version int not null,
    at timestamptz not null default clock_timestamp(),
    body jsonb not null,
    primary key (profile_id, version)
);

-- What a version keeps: all that describes the thing.
create function profile_body(p profile) returns jsonb language sql stable as $$
    select to_jsonb(p) - '{id,code,revision,version,installed}'::text[]
$$;

create function rise_profile_version() returns trigger language plpgsql as $$
begin
    new.version := old.version + (profile_body(new) is distinct from profile_body(old))::int;
    return new;
end $$;
create trigger rise_version before update on profile for each row execute function rise_profile_version();

create function keep_profile_version() returns trigger language plpgsql as $$
begin
    insert into profile_version (profile_id, version, body) values (new.id, new.version, profile_body(new))
    on conflict do nothing;
    return null;
end $$;
create trigger keep_version after insert or update on profile for each row execute function keep_profile_version();

insert into profile_version (profile_id, version, body) select p.id, p.version, profile_body(p) from profile p;

-- As before, without drawing an id for a series that is there already: arrays are indexed by them, and they are int4.
create or replace function series_of_device() returns trigger language plpgsql as $$
begin
    insert into series (device_id, metric)
    select d.id, m.metric
    from added a
    join device d on d.id = a.id
    join profile p on p.id = d.profile_id
    cross join lateral jsonb_object_keys(p.metrics) as m (metric)
    where not exists (select from series s where s.device_id = d.id and s.metric = m.metric)
    on conflict do nothing;
    return null;
end $$;

create or replace function series_of_profile() returns trigger language plpgsql as $$
begin
    insert into series (device_id, metric)
    select d.id, m.metric
    from changed p
    join device d on d.profile_id = p.id
    cross join lateral jsonb_object_keys(p.metrics) as m (metric)
    where not exists (select from series s where s.device_id = d.id and s.metric = m.metric)
    on conflict do nothing;
    return null;
end $$;
