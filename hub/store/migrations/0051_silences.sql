-- A silence (静默) keeps deliveries back for a while: of a device or a place, up to a level. What still lasts when it is
-- over is delivered then. One that reaches red is in force once a second person has approved it.
create table silence (
    id uuid primary key,
    device_id int references device,
    region text,
    organisation text references organisation,
    area text references area (code) on delete cascade,
    category text,
    event_kind text,
    max_level smallint not null check (max_level between 1 and 4),
    reason text not null,
    from_at timestamptz not null,
    to_at timestamptz not null,
    made_by text not null,
    made_at timestamptz not null default now(),
    approved_by text,
    approved_at timestamptz,
    ended_by text,
    scope text[] not null generated always as (scope_keys(organisation, region, array_remove(array['/@' || area], null)))
        stored,
    check (from_at < to_at),
    check (max_level < 4 or to_at <= from_at + interval '24 hours'),
    check (approved_by <> made_by),
    check (coalesce(region, organisation, area) is not null)
);
comment on table silence is 'Which deliveries of alerts are kept back, until when, who wanted it and why';
comment on column silence.device_id is 'Of one device; its region and organisation stand beside it';
comment on column silence.max_level is 'Alerts above it are delivered';
comment on column silence.scope is 'As device.scope: who may see it';
create index on silence (to_at);
create index on silence using gin (scope);
create index on silence (device_id) where device_id is not null;
create index on silence (area) where area is not null;
create trigger routing after insert or update or delete on silence
    for each statement execute function routing_changed();

alter table outbox
    add column silence_id uuid references silence,
    drop constraint outbox_state_check,
    add constraint outbox_state_check check (state in ('pending', 'delivered', 'given_up', 'silenced'));
comment on column outbox.silence_id is 'By which it is, or was, kept back';
create index on outbox (silence_id) where silence_id is not null;

create or replace view scoped.outbox as
select o.* from public.outbox o where exists (select from scoped.alert a where a.id = o.alert_id);
create view scoped.silence as
select s.* from public.silence s where s.scope && (select scoped.granted_whole()) with local check option;
