-- Pictures of events, apart from their rows: as the privacy gate has passed them, or why there is none.
create table event_picture (
    event_id uuid primary key references event on delete cascade,
    device_id int not null,
    received_at timestamptz not null,
    why text,
    width int not null,
    height int not null,
    whole boolean not null,
    content bytea,
    file text
);
comment on table event_picture is 'Pictures of events, in which all that is not known to be place is in blocks';
comment on column event_picture.received_at is 'When it came: pictures are kept for pictures.keep_days from then';
comment on column event_picture.why is 'Why there is none: too_slow, gate_full, not_kept, or refused: and a reason';
comment on column event_picture.whole is 'Whether all of it is in blocks';
comment on column event_picture.content is 'JPEG; null where it lies in pictures.folder, or there is none';
comment on column event_picture.file is 'Its name in pictures.folder';
create index on event_picture (received_at);
create index on event_picture (device_id, received_at desc);
alter table event_picture alter column content set storage external;  -- JPEG does not get smaller

create view scoped.event_picture as
select p.* from public.event_picture p where exists (select from scoped.event e where e.id = p.event_id);
create view cut.event_picture as
select p.* from public.event_picture p
where exists (select from scoped.event e join public.device d on d.id = e.device_id
              where e.id = p.event_id and cut.uncut(d.scope, d.organisation, d.code, null, e.kind));
