-- Finding devices among a million, by whatever is known of them. Runs on plain PostgreSQL and on TimescaleDB alike.

-- Every character and every pair of neighbours of a text, in lower case: what a search for a part of it looks up.
-- In PL/pgSQL it takes 5 microseconds a device, as one SQL expression 8 to 35.
create function catalogue_grams(t text) returns text[] language plpgsql immutable parallel safe as $$
declare
    letters text[] := string_to_array(lower(t), null);
    grams text[] := letters;
begin
    for i in 2 .. coalesce(array_length(letters, 1), 0) loop
        grams := grams || (letters[i - 1] || letters[i]);
    end loop;
    return grams;
end $$;

-- What a searched part must have: its pairs; its character where there is only one.
create function catalogue_wanted(t text) returns text[] language sql immutable parallel safe as $$
    select case when length(t) < 2 then array[lower(t)]
                else array(select substr(lower(t), i, 2) from generate_series(1, length(t) - 1) i) end
$$;


-- A place in an order that has nothing to do with anything: the first devices of it are a fair sample of all.
-- Multiplying with an odd number is one to one modulo 2^32, and this one spreads neighbours evenly.
create function catalogue_spread(id int) returns bigint language sql immutable parallel safe as $$
    select (id::bigint * 2654435761) & 4294967295
$$;

-- A line break keeps the end of the code and the beginning of the name apart: no search has one in it.
-- 100,000 devices are inserted in 2.3 s of CPU without all that is made here, and in 6 s with it: 2.7 s for this index
-- (15 s without its pending list, which a search reads besides the index: so it is short).
create index device_grams on device using gin (catalogue_grams(code || E'\n' || name))
    with (fastupdate = on, gin_pending_list_limit = 1024);
-- For boxes. A GiST index on points costs three times as much to keep, and what share of them a box holds is unknown
-- to the planner: it takes each box for a small one, and reads 240,000 devices where another index has 8,000.
create index device_place on device (lon, lat);
create unique index device_spread on device (catalogue_spread(id)) include (id);  -- read without the table
create index device_tags on device using gin (tags);
create index device_not_active on device (state) where state <> 'active';

create index device_offline on device_health (device_id) where not online;
create index latest_outside on latest (series_id) where quality & 2 <> 0;
create index event_of_device_fault on event (device_id, kind, ts desc)
    where kind in ('fault', 'power_loss', 'video_loss', 'video_quality', 'occlusion', 'tamper');

-- Active devices of which it is not known whether they are online: what is not there has no index, and to find a few
-- of them in a million otherwise takes 0.3 s. Kept by triggers, of statements; may hold one too many after a race.
create table catalogue_unheard (device_id int primary key);
insert into catalogue_unheard
select d.id from device d left join device_health h on h.device_id = d.id
where d.state = 'active' and h.online is null;

create function catalogue_look_again(ids int[]) returns void language sql as $$
    delete from catalogue_unheard where device_id = any (ids);
    insert into catalogue_unheard
    select d.id from device d left join device_health h on h.device_id = d.id
    where d.id = any (ids) and d.state = 'active' and h.online is null
    on conflict do nothing;
$$;

create function catalogue_device_changed() returns trigger language plpgsql as $$
begin
    perform catalogue_look_again(array(select id from changed));
    return null;
end $$;
create trigger catalogue_inserted after insert on device referencing new table as changed
    for each statement execute function catalogue_device_changed();
create trigger catalogue_updated after update on device referencing new table as changed
    for each statement execute function catalogue_device_changed();

create function catalogue_health_changed() returns trigger language plpgsql as $$
begin
    perform catalogue_look_again(array(select device_id from changed));
    return null;
end $$;
create trigger catalogue_inserted after insert on device_health referencing new table as changed
    for each statement execute function catalogue_health_changed();
create trigger catalogue_updated after update on device_health referencing new table as changed
    for each statement execute function catalogue_health_changed();
create trigger catalogue_deleted after delete on device_health referencing old table as changed
    for each statement execute function catalogue_health_changed();

-- The devices that match; null: no matter. Planned with the values at hand (never as a generic plan), each null and
-- its condition fall away, and the function dissolves into the statement that calls it. `by_grams`: whether the index
-- of grams may serve; where it does not, its condition costs 5 microseconds for each device that matches.
create function catalogue_matches(
    q text, by_grams boolean, in_region text, of_organisation text, of_profiles int[], in_state text, of_parent int,
    tag_key text, tag_text jsonb, tag_value jsonb, is_online text, west float8, south float8, east float8, north float8
) returns setof device language sql stable parallel safe as $$
    select d.*
    from device d
    left join device_health h on h.device_id = d.id
    left join catalogue_unheard n on n.device_id = d.id
    where (q is null or ((not by_grams or catalogue_grams(d.code || E'\n' || d.name) @> catalogue_wanted(q))
                         and strpos(lower(d.code || E'\n' || d.name), lower(q)) > 0))
      and (in_region is null or d.region like in_region || '%')
      and (of_organisation is null or d.organisation = of_organisation)
      and (of_profiles is null or d.profile_id = any (of_profiles))
      and (in_state is null or d.state = in_state)
      and (of_parent is null or d.parent_id = of_parent)
      and (tag_key is null or d.tags ? tag_key)
      and (tag_text is null or d.tags @> tag_text or d.tags @> tag_value)
      and (is_online is null or (is_online = 'true' and h.online) or (is_online = 'false' and not h.online)
           or (is_online = 'unknown' and n.device_id is not null and h.online is null))
      and (west is null or (d.lon between west and east and d.lat between south and north))
$$;

-- A device as the catalogue shows it. The path names the divisions that hold it, from the province down, as far as
-- they are known and valid today.
create view catalogue as
select d.id, d.code, d.name, p.code as profile, p.name as profile_name, p.category, d.organisation,
       o.name as organisation_name, d.region,
       array(select r.name from region r
             where r.code in (rpad(left(d.region, 2), 12, '0'), rpad(left(d.region, 4), 12, '0'),
                              rpad(left(d.region, 6), 12, '0'), rpad(left(d.region, 9), 12, '0'), d.region)
               and r.valid_from <= current_date and current_date < r.valid_to
             order by r.code) as region_path,
       d.lon, d.lat, parent.code as parent, d.tags, d.state, h.online, h.since as online_since,
       s.seen_at as last_seen, d.created_at
from device d
join profile p on p.id = d.profile_id
left join organisation o on o.code = d.organisation
left join device parent on parent.id = d.parent_id
left join device_health h on h.device_id = d.id
left join device_seen s on s.device_id = d.id;

-- Each device that is not retired, as it is counted. Who is being worked on now has no part in the rates. A device is
-- sound while it is online, the newest event of each kind that tells of a fault of its own has ended (or has no end),
-- and none of its series' newest readings is out of the physical range. Completeness is of yesterday in its zone.
create view catalogue_state as
select d.id, d.region, d.organisation, d.profile_id,
       d.state = 'active' as active,
       d.state = 'active' and w.device_id is not null as in_maintenance,
       d.state = 'active' and w.device_id is null and coalesce(h.online, false) as online,
       d.state = 'active' and w.device_id is null and coalesce(h.online, false) and f.device_id is null as sound,
       case when d.state = 'active' then c.expected end as expected,
       case when d.state = 'active' then c.received end as received
from device d
left join device_health h on h.device_id = d.id
left join (select distinct m.device_id from maintenance m where m.from_at <= now() and now() < m.to_at) w
    on w.device_id = d.id
left join (
    select newest.device_id
    from (
        select distinct on (e.device_id, e.kind) e.device_id, e.state
        from event e
        where e.kind in ('fault', 'power_loss', 'video_loss', 'video_quality', 'occlusion', 'tamper')
        order by e.device_id, e.kind, e.ts desc
    ) newest
    where newest.state = 'active'
    union
    select s.device_id from latest l join series s on s.id = l.series_id where l.quality & 2 <> 0
) f on f.device_id = d.id
left join completeness c on c.device_id = d.id
    and c.day between current_date - 2 and current_date  -- the others of yesterday's in the world; lets the index serve
    and c.day = (now() at time zone d.zone)::date - 1
where d.state <> 'retired';

-- The same by county, organisation and profile ('' and 0: none), for fleets of which it takes too long to count: a
-- million devices take about 2 s. Counted again from time to time by one process (devices/catalogue_counts.py).
create table catalogue_count (
    county text not null,
    organisation text not null,
    profile_id int not null,
    catalogued bigint not null,
    active bigint not null,
    in_maintenance bigint not null,
    online bigint not null,
    sound bigint not null,
    expected bigint not null,
    received bigint not null,
    primary key (county, organisation, profile_id)
);

create table catalogue_counted (
    one boolean primary key default true check (one),
    at timestamptz not null,
    took_s float8 not null
);
