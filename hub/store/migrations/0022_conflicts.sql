-- What becomes of another value, or of another content, for a time (of an event: an id and a time) that is stored.
alter table profile
    add column on_conflict text not null default 'first_wins' check (on_conflict in ('first_wins', 'last_wins'));

comment on column profile.on_conflict is
    'What is kept of two values for the same series and time: the one that came first, or the one that came last.';

comment on table reading is
    'Readings by series and time; of two values the one stays that the profile''s on_conflict says';

create table reading_replaced (
    series_id int not null,
    ts timestamptz not null,
    value float8 not null,
    replaced_at timestamptz not null default now(),
    primary key (series_id, ts, value)
);
comment on table reading_replaced is
    'Values of readings that a later one for the same time has replaced (profile.on_conflict: last_wins). By them a '
    'message that is delivered again is told from a correction. Kept as long as the readings.';
