-- Readings for others, as they are stored: a superior platform over HJ 212, MQTT, Kafka; and how far each has them.
create table forward_target (
    id int generated always as identity primary key,
    code text not null unique,
    name text not null check (name <> ''),
    kind text not null check (kind in ('hj212', 'mqtt', 'kafka')),
    host text,
    port int,
    number text,
    station_kind text,
    password text,
    at_once int not null check (at_once between 1 and 100),
    organisation text references organisation,
    region text,
    tag text,
    scope_key text not null,
    ceiling text not null,
    enabled boolean not null,
    check ((kind = 'hj212') = (host is not null and port is not null and password is not null))
);
comment on table forward_target is 'Who is forwarded readings as they come, and of which devices';
comment on column forward_target.host is 'Of a superior platform (HJ 212); null: the hub''s own broker or Kafka';
comment on column forward_target.number is 'The MN under which all is forwarded; null: each device''s own';
comment on column forward_target.station_kind is 'The ST of devices that do not speak HJ 212 themselves';
comment on column forward_target.password is 'The PW of the superior platform; sealed';
comment on column forward_target.at_once is 'Reports that may be under way without an answer';
comment on column forward_target.scope_key is 'Of the devices that it gets, made of organisation and region (scope_keys)';
comment on column forward_target.ceiling is 'The highest level of data that it gets';

create table forward_position (
    target_id int primary key references forward_target on delete cascade,
    acknowledged bigint not null default 0,
    newest timestamptz,
    request_number bigint not null default 0,
    moved_at timestamptz,
    failing_since timestamptz,
    last_error text,
    last_error_words jsonb
);
comment on table forward_position is 'How far each target of forwarding has what it is to have';
comment on column forward_position.acknowledged is 'Reports that it has acknowledged';
comment on column forward_position.newest is 'The newest time of measurement among them';
comment on column forward_position.request_number is
    'The newest QN that was given, in milliseconds since 1970: each is given once';
comment on column forward_position.failing_since is 'Since when nothing is acknowledged; null: the last attempt was';

create table forward_report (
    id bigint generated always as identity primary key,
    target_id int not null references forward_target on delete cascade,
    device_id int not null references device on delete cascade,
    ts timestamptz not null,
    command text not null,
    part text not null,
    station_kind text,
    packet text,
    original bytea,
    measured jsonb,
    request_number bigint,
    attempts int not null default 0,
    made_at timestamptz not null default clock_timestamp(),
    next_at timestamptz not null default clock_timestamp(),
    acknowledged_at timestamptz,
    unique (target_id, device_id, ts, command, part),
    check ((original is null) <> (measured is null))
);
comment on table forward_report is
    'What a target is to get: written in the commit that stores the readings, once, as they were then';
comment on column forward_report.ts is 'The time of measurement (DataTime)';
comment on column forward_report.command is 'The CN of HJ 212: of the moment 2011, of minutes 2051, of hours 2061, of days 2031';
comment on column forward_report.part is 'Which of the values of that time: a digest of their names';
comment on column forward_report.packet is 'PNUM/PNO, where the device has split its message';
comment on column forward_report.original is 'The data of the device''s own frame, as it sent them';
comment on column forward_report.measured is 'By metric: value, quality and unit, as they are stored';
comment on column forward_report.request_number is 'Its QN, from its first sending on: what is sent again has the same';
comment on column forward_report.next_at is 'Not sent before then: it alone was not answered';

create index forward_report_pending on forward_report (target_id, id) where acknowledged_at is null;
create index forward_report_over on forward_report (acknowledged_at) where acknowledged_at is not null;
create index forward_report_device on forward_report (device_id);

create or replace function only_sealed() returns void
language sql security definer set search_path = public, pg_temp as $$
    insert into sealed_only (one)
    select true
    where not exists (
        select from consumer, unnest(array[secret, login, query, receipt_secret]) as stored
        where not stored ^@ 'sealed 1 ')
      and not exists (select from outside_system where not secret ^@ 'sealed 1 ')
      and not exists (select from forward_target where not password ^@ 'sealed 1 ')
      and not exists (
        select from account, unnest(array[totp_secret, totp_pending]) as stored where not stored ^@ 'sealed 1 ')
    on conflict do nothing
$$;
