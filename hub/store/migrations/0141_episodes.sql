-- What a device says again and again while it lasts is one event; this is how long it lasted and how often it was said.
create table episode (
    id uuid primary key,
    device_id int not null references device,
    kind text not null,
    part text not null default '',
    level int2 check (level between 1 and 4),
    began_at timestamptz not null,
    last_at timestamptz not null,
    told_at timestamptz not null,
    heard_at timestamptz not null,
    late boolean not null default false,
    count bigint not null default 1 check (count > 0),
    ended_at timestamptz,
    why text check (why in ('told', 'silent')),
    check (last_at >= began_at),
    check ((ended_at is null) = (why is null))
) with (fillfactor = 80);
comment on table episode is 'What devices repeat while it lasts: one row each time, from its first event to its end';
comment on column episode.id is 'Of the event by which it began';
comment on column episode.part is 'Of the device, a path; empty: all of it';
comment on column episode.level is 'The highest that was told; null: none was';
comment on column episode.began_at is 'Times of the device, but none is after its arrival';
comment on column episode.told_at is 'Of the newest event of it';
comment on column episode.heard_at is 'When the device was last heard saying it';
comment on column episode.late is 'Whether its events came late';
comment on column episode.count is 'At how many times it was said';
comment on column episode.ended_at is 'Null: it lasts';
comment on column episode.why is 'told: the device said its end; silent: nothing more was said';
create index on episode (began_at desc, id desc);
create index on episode (device_id, kind, part, began_at desc);
create index on episode (device_id) where ended_at is null;

create view scoped.episode as
select e.* from public.episode e
where exists (select from public.device d
              where d.id = e.device_id and d.scope && (select scoped.granted())
                and (d.scope && (select scoped.granted_whole())
                     or scoped.shared(d.organisation, d.code, null, e.kind)));
create view cut.episode as select e.* from scoped.episode e;
