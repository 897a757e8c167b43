-- What the hub knows of devices, and what it decided. Runs on plain PostgreSQL and on TimescaleDB alike.

create table organisation (
    code text primary key check (code ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
    name text not null
);

-- A 12-digit division code (GB/T 2260 extended to villages); codes change, so each name has its days of validity.
create table region (
    code text not null check (code ~ '^[0-9]{12}$'),
    name text not null,
    level text not null check (level in ('province', 'city', 'county', 'town', 'village')),
    valid_from date not null default '1900-01-01',
    valid_to date not null default 'infinity',
    primary key (code, valid_from)
);

-- A revision is the id of the transaction that wrote the row: a reader that remembers the xmin of its last
-- snapshot finds each later commit with `revision >= xmin`, in whatever order transactions commit.
create table profile (
    id int generated always as identity primary key,
    code text not null unique check (code ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
    name text not null,
    metrics jsonb not null default '{}',
    max_future_s int not null default 600 check (max_future_s between 0 and 31536000),
    revision xid8 not null default pg_current_xact_id()
);
create index on profile (revision);

create table device (
    id int generated always as identity primary key,
    code text not null unique check (code ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
    name text not null,
    profile_id int not null references profile,
    parent_id int references device,
    organisation text references organisation,
    region text check (region ~ '^[0-9]{12}$'),
    lon float8 check (lon between -180 and 180),
    lat float8 check (lat between -90 and 90),
    zone text not null default 'Asia/Shanghai',
    tags jsonb not null default '{}',
    state text not null default 'active' check (state in ('pending', 'active', 'suspended', 'retired')),
    created_at timestamptz not null default now(),
    revision xid8 not null default pg_current_xact_id()
);
create index on device (revision);
create index on device (profile_id);
create index on device (parent_id);
create index on device (region text_pattern_ops);

create table series (
    id int generated always as identity primary key,
    device_id int not null references device,
    metric text not null,
    revision xid8 not null default pg_current_xact_id(),
    unique (device_id, metric)
);
create index on series (revision);

-- Derived from reading, written off the hot path, at most once a second for a series; can be rebuilt.
create table latest (
    series_id int primary key,
    ts timestamptz not null,
    value float8 not null,
    quality int2 not null
) with (fillfactor = 50);

create table event (
    id uuid primary key,
    device_id int not null,
    ts timestamptz not null,
    received_at timestamptz not null,
    kind text not null,
    state text check (state in ('active', 'inactive')),
    level int2 check (level between 1 and 4),
    attributes jsonb not null default '{}'
);
create index on event (ts desc, id);
create index on event (device_id, ts desc);

-- A rule watches one metric of a profile (thresholds) or one kind of event (event_kind).
-- thresholds: {"blue": 35, "yellow": 75, "orange": 115, "red": 150}, any subset, ordered in the direction of the rule.
create table rule (
    id int generated always as identity primary key,
    code text not null unique check (code ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
    name text not null,
    profile_id int references profile,
    metric text,
    direction text check (direction in ('above', 'below')),
    thresholds jsonb,
    hysteresis float8 not null default 0 check (hysteresis >= 0),
    hold_s float8 not null default 0 check (hold_s between 0 and 86400),
    event_kind text,
    event_level int2 check (event_level between 1 and 4),
    enabled boolean not null default true,
    revision xid8 not null default pg_current_xact_id(),
    check ((metric is not null and profile_id is not null and direction is not null and thresholds is not null
            and event_kind is null and event_level is null)
        or (metric is null and direction is null and thresholds is null
            and event_kind is not null and event_level is not null))
);

-- Levels: 1 blue, 2 yellow, 3 orange, 4 red. An alert is active until its condition clears.
create table alert (
    id uuid primary key,
    rule_id int not null references rule,
    target text not null,
    device_id int not null references device,
    series_id int references series,
    region text,
    title text not null,
    level int2 not null check (level between 1 and 4),
    peak_level int2 not null check (peak_level between 1 and 4),
    state text not null check (state in
        ('open', 'acknowledged', 'dispatched', 'handled', 'verified', 'closed', 'cleared', 'false_alarm')),
    value float8,
    threshold float8,
    opened_at timestamptz not null,
    cleared_at timestamptz,
    changed_at timestamptz not null,
    raised_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    seq int not null
);
create unique index alert_active on alert (rule_id, target) where cleared_at is null;
create index on alert (raised_at desc, id);
create index on alert (rule_id, target, changed_at desc);

-- Each change of an alert, in the order of commit (cursor), with the picture of the alert after it.
create table alert_change (
    cursor bigint generated always as identity primary key,
    id uuid not null unique,
    alert_id uuid not null references alert,
    seq int not null,
    kind text not null check (kind in ('raised', 'updated', 'cleared', 'acknowledged', 'dispatched', 'handled',
                                       'verified', 'closed', 'false_alarm')),
    at timestamptz not null default clock_timestamp(),
    actor text,
    note text,
    picture jsonb not null,
    unique (alert_id, seq)
);

create table consumer (
    id int generated always as identity primary key,
    code text not null unique check (code ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
    kind text not null default 'webhook' check (kind in ('webhook')),
    url text not null,
    secret text not null,
    min_level int2 not null default 1 check (min_level between 1 and 4),
    region text check (region ~ '^[0-9]{2,12}$'),
    enabled boolean not null default true
);

create table outbox (
    id bigint generated always as identity primary key,
    change_id uuid not null references alert_change (id),
    alert_id uuid not null,
    seq int not null,
    consumer_id int not null references consumer on delete cascade,
    state text not null default 'pending' check (state in ('pending', 'delivered', 'given_up')),
    attempts int not null default 0,
    next_at timestamptz not null default clock_timestamp(),
    last_error text,
    created_at timestamptz not null default clock_timestamp(),
    settled_at timestamptz,
    unique (consumer_id, alert_id, seq)
);
create index outbox_due on outbox (consumer_id, next_at) where state = 'pending';
create index outbox_order on outbox (consumer_id, alert_id, seq) where state = 'pending';

create table dead_letter (
    id uuid primary key,
    received_at timestamptz not null,
    transport text not null,
    address text not null,
    device text,
    reason text not null,
    detail text not null,
    payload bytea not null,
    payload_size int not null
);
create index on dead_letter (received_at desc, id);
create index on dead_letter (device, received_at desc);

-- When a message without a time of its own arrived: its broker may deliver it again after a crash, and the
-- second delivery must get the time of the first. One row a commit; entries are packed (see hub/store/arrivals.py).
create table arrival (
    source text not null,
    seq bigint not null,
    entries bytea not null,
    primary key (source, seq)
);

create table audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    actor text not null,
    action text not null,
    subject text not null,
    detail jsonb not null default '{}'
);

create table kafka_offset (
    topic text not null,
    partition int not null,
    next_offset bigint not null,
    primary key (topic, partition)
);

-- Revisions and notifications -----------------------------------------------------------------------------------

create function stamp_revision() returns trigger language plpgsql as $$
begin
    new.revision := pg_current_xact_id();
    return new;
end $$;

create function notify_registry() returns trigger language plpgsql as $$
begin
    perform pg_notify('ganzhi_registry', tg_table_name);
    return null;
end $$;

create trigger stamp before update on profile for each row execute function stamp_revision();
create trigger stamp before update on device for each row execute function stamp_revision();
create trigger stamp before update on series for each row execute function stamp_revision();
create trigger stamp before update on rule for each row execute function stamp_revision();
create trigger tell after insert or update on profile for each statement execute function notify_registry();
create trigger tell after insert or update on device for each statement execute function notify_registry();
create trigger tell after insert or update on series for each statement execute function notify_registry();
create trigger tell after insert or update or delete on rule for each statement execute function notify_registry();

-- A device has one series for each metric of its profile, from the moment either is known.
create function series_of_device() returns trigger language plpgsql as $$
begin
    insert into series (device_id, metric)
    select d.id, m.metric
    from added a
    join device d on d.id = a.id
    join profile p on p.id = d.profile_id
    cross join lateral jsonb_object_keys(p.metrics) as m (metric)
    on conflict do nothing;
    return null;
end $$;
create trigger series_insert after insert on device referencing new table as added
    for each statement execute function series_of_device();
create trigger series_update after update on device referencing new table as added
    for each statement execute function series_of_device();

create function series_of_profile() returns trigger language plpgsql as $$
begin
    insert into series (device_id, metric)
    select d.id, m.metric
    from changed p
    join device d on d.profile_id = p.id
    cross join lateral jsonb_object_keys(p.metrics) as m (metric)
    on conflict do nothing;
    return null;
end $$;
create trigger series_update after update on profile referencing new table as changed
    for each statement execute function series_of_profile();

-- Alerts ----------------------------------------------------------------------------------------------------------

create function alert_picture(a alert) returns jsonb language sql stable as $$
    select jsonb_build_object(
        'alert', a.id, 'seq', a.seq, 'rule', r.code, 'rule_name', r.name, 'device', d.code, 'device_name', d.name,
        'metric', s.metric, 'event_kind', r.event_kind, 'region', a.region, 'lon', d.lon, 'lat', d.lat,
        'organisation', d.organisation, 'title', a.title,
        'level', (array['blue', 'yellow', 'orange', 'red'])[a.level],
        'peak_level', (array['blue', 'yellow', 'orange', 'red'])[a.peak_level],
        'state', a.state, 'value', a.value, 'threshold', a.threshold,
        'opened_at', a.opened_at, 'cleared_at', a.cleared_at, 'changed_at', a.changed_at, 'raised_at', a.raised_at)
    from rule r, device d left join series s on s.id = a.series_id
    where r.id = a.rule_id and d.id = a.device_id
$$;

-- Writes one change of an alert, its picture and its deliveries. The one way by which an alert changes: the
-- pipeline (raised, updated, cleared) and the desk (the others) both call it, each inside its own transaction.
-- A change whose id is known already, or a raise of what is active already, changes nothing: returns false.
create function alert_apply(
    p_change uuid, p_alert uuid, p_kind text, p_changed_at timestamptz, p_actor text, p_note text,
    p_rule int default null, p_target text default null, p_device int default null, p_series int default null,
    p_title text default null, p_level int default null, p_value float8 default null, p_threshold float8 default null
) returns boolean language plpgsql as $$
declare
    a alert;
begin
    -- Alerts are rare and their order is a promise (SSE resumes by cursor): one writer at a time, until its commit.
    perform pg_advisory_xact_lock(hashtext('ganzhi.alert'));
    if exists (select from alert_change where id = p_change) then
        return false;
    end if;
    if p_kind = 'raised' then
        insert into alert (id, rule_id, target, device_id, series_id, region, title, level, peak_level, state,
                           value, threshold, opened_at, changed_at, seq)
        select p_alert, p_rule, p_target, d.id, p_series, d.region, p_title, p_level, p_level, 'open',
               p_value, p_threshold, p_changed_at, p_changed_at, 1
        from device d where d.id = p_device
        on conflict do nothing
        returning * into a;
    else
        update alert set
            seq = seq + 1,
            level = coalesce(p_level, level),
            peak_level = greatest(peak_level, coalesce(p_level, level)),
            value = coalesce(p_value, value),
            threshold = coalesce(p_threshold, threshold),
            title = coalesce(p_title, title),
            changed_at = greatest(changed_at, p_changed_at),
            updated_at = clock_timestamp(),
            cleared_at = case when p_kind = 'cleared' then p_changed_at else cleared_at end,
            state = case
                when p_kind = 'updated' then state
                when p_kind = 'cleared' then case when state = 'open' then 'cleared' else state end
                else p_kind end
        where id = p_alert and not (p_kind in ('updated', 'cleared') and cleared_at is not null)
        returning * into a;
    end if;
    if a.id is null then
        return false;
    end if;
    insert into alert_change (id, alert_id, seq, kind, actor, note, picture)
    values (p_change, a.id, a.seq, p_kind, p_actor, p_note, alert_picture(a));
    insert into outbox (change_id, alert_id, seq, consumer_id)
    select p_change, a.id, a.seq, c.id from consumer c
    where c.enabled and a.peak_level >= c.min_level and (c.region is null or starts_with(a.region, c.region));
    perform pg_notify('ganzhi_alert', '');
    return true;
end $$;
