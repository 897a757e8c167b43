-- What somebody has taken again beside its number: by the same times at each attempt, so that it is stored once.
create table diode_beside (
    digest bytea primary key,
    edge text not null,
    chain text not null,
    number bigint not null,
    moved_us bigint not null,
    taken_at timestamptz not null default clock_timestamp(),
    stored_at timestamptz
);
comment on table diode_beside is 'Files of edges that were taken again and whose number is another file''s: each is stored once';
comment on column diode_beside.digest is 'Of what was signed';
comment on column diode_beside.moved_us is 'By how much its times are moved, at each attempt';
comment on column diode_beside.taken_at is 'When it was read first; its events count as received then';
comment on column diode_beside.stored_at is 'When all of it was committed';
create index on diode_beside (taken_at);

alter table diode_aside add column again_at timestamptz;
comment on column diode_aside.again_at is 'When a file was dealt with that somebody had taken again: it is aside no more, or by another row';
