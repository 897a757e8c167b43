-- Consumers that want official warnings get them as deliveries of their own; those that are there already are told to
-- nobody.
alter table consumer add column warnings boolean not null default false;
comment on column consumer.warnings is 'Whether it gets official warnings that concern the places of its filters';

alter table warning
    add column told_at timestamptz,
    add column told_as text check (told_as in ('issued', 'updated', 'cancelled', 'expired', 'replaced')),
    add column told_digest text,
    add column told_seq int not null default 0;
update warning set told_at = changed_at;
comment on column warning.told_at is 'Its changed_at when it was last looked at; null: never';
comment on column warning.told_as is 'What consumers were told last; replaced: by the message that updates it';
comment on column warning.told_seq is 'How often they were told';
create index on warning (changed_at) where told_at is null or told_at < changed_at;
create index on warning (ends_at) where told_as in ('issued', 'updated');
create or replace view scoped.warning as
select w.* from public.warning w where warning_concerns(w.regions, (select scoped.places()));

create table warning_delivery (
    id bigint generated always as identity primary key,
    warning_id uuid not null references warning on delete cascade,
    consumer_id int not null references consumer on delete cascade,
    seq int not null,
    kind text not null check (kind in ('issued', 'updated', 'cancelled', 'expired')),
    at timestamptz not null default clock_timestamp(),
    picture jsonb not null,
    state text not null default 'pending' check (state in ('pending', 'delivered', 'given_up')),
    attempts int not null default 0,
    next_at timestamptz not null default clock_timestamp(),
    settled_at timestamptz,
    last_error text,
    unique (consumer_id, warning_id, seq)
);
comment on table warning_delivery is 'Official warnings for consumers: at least once, in order per warning';
create index on warning_delivery (next_at) where state = 'pending';
create index on warning_delivery (warning_id);
