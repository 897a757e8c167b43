-- Which of a device's events it may be sending again, where it gives them an id and no time.
alter table event add column untimed_id uuid;
comment on column event.untimed_id is
    'Derived from the device and its id for an event that came without a time; null: it had a time, or no id';
create index on event (untimed_id, ts desc) where untimed_id is not null;

-- Contents of events that a later one has replaced.
create table event_replaced (
    id uuid not null,
    content bytea not null,
    replaced_at timestamptz not null default now(),
    primary key (id, content)
);
create index on event_replaced (replaced_at);
comment on table event_replaced is
    'Digests of contents of events that a later one with the same id and time has replaced (profile.on_conflict: '
    'last_wins). By them a message that is delivered again is told from a correction. Kept as long as readings.';
comment on column event_replaced.content is 'SHA-256 of [kind, state, level, attributes] as jsonb in text';
