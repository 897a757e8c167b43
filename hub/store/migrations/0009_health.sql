-- Whether devices are there: when each was last heard, what it says of itself, what was decided, and how complete it is.

-- Written off the hot path every few seconds; clock_offset_s is by how much the device's clock is ahead of the hub's.
create table device_seen (
    device_id int primary key,
    seen_at timestamptz not null,
    clock_offset_s float8
) with (fillfactor = 50);

-- What a status topic says; `at` is when it began to say so.
create table device_status (
    device_id int primary key,
    online boolean not null,
    at timestamptz not null
);

-- What was decided; online is null while a device is not active, and there is no row while nothing is known of it.
-- A finding is an event of kind offline: `finding` tells whether the last one was active, `told` whether it is stored.
create table device_health (
    device_id int primary key,
    online boolean,
    since timestamptz not null,
    cause text check (cause in ('silence', 'status', 'gateway')),
    finding boolean not null default false,
    finding_at timestamptz,
    told boolean not null default true,
    check (finding_at is not null or (told and not finding))
) with (fillfactor = 80);
create index on device_health (device_id) where not told;

create table device_online (
    device_id int not null,
    at timestamptz not null,
    online boolean,
    cause text,
    primary key (device_id, at)
);
create index on device_online (at);

-- The processes of the hub that hear devices (ears) or store what they say: each has all of device_seen written that
-- was received until `at`, and has heard without a gap since `since`; infinity while it hears nothing.
create table listening (
    source text primary key,
    ears boolean not null,
    since timestamptz not null,
    at timestamptz not null,
    told_at timestamptz not null default clock_timestamp()
);

-- Of a day in the zone of the device: readings that its metrics' intervals let expect, and that came, at most those.
create table completeness (
    device_id int not null,
    day date not null,
    expected int not null check (expected >= 0),
    received int not null check (received between 0 and expected),
    counted_at timestamptz not null,
    primary key (device_id, day)
);
create index on completeness (day);

-- How many readings of each series lie between two times; by whole hours where these are kept counted.
create function readings_counted(from_at timestamptz, to_at timestamptz)
    returns table (series_id int, n bigint) language plpgsql stable as $$
begin
    if exists (select from pg_extension where extname = 'timescaledb') then
        return query
        select r.series_id, sum(r.n)::bigint from reading_1h r
        where r.bucket >= from_at and r.bucket < to_at group by r.series_id;
    else
        return query
        select r.series_id, count(*) from reading r where r.ts >= from_at and r.ts < to_at group by r.series_id;
    end if;
end $$;
