-- Clips of events, apart from their rows as their pictures are: each once, after its event, or why there is none.
create table event_clip (
    event_id uuid primary key references event on delete cascade,
    device_id int not null,
    received_at timestamptz not null,
    why text,
    width int not null,
    height int not null,
    seconds float not null,
    before_s float not null,
    whole boolean not null,
    content bytea,
    file text
);
comment on table event_clip is 'Clips of events, in which all that is not known to be place is in blocks';
comment on column event_clip.received_at is 'When it came, or was announced: clips are kept for pictures.keep_days from then';
comment on column event_clip.why is 'Why there is none: follows, shed, busy, too_slow, too_many_bytes, no_frames, not_kept';
comment on column event_clip.before_s is 'Of its seconds, what lies before the event';
comment on column event_clip.whole is 'Whether all of each frame is in blocks';
comment on column event_clip.content is 'Animated WebP; null where it lies in pictures.folder, or there is none';
comment on column event_clip.file is 'Its name in pictures.folder';
create index on event_clip (received_at);
create index on event_clip (device_id, received_at desc);
alter table event_clip alter column content set storage external;  -- WebP does not get smaller

create function clip_why(why text, received_at timestamptz) returns text language sql stable
return case when why = 'follows' and received_at < now() - interval '2 minutes' then 'lost' else why end;
comment on function clip_why is 'Why an event has no clip: one that follows for longer than any is made has been lost';

create view scoped.event_clip as
select p.* from public.event_clip p where exists (select from scoped.event e where e.id = p.event_id);
create view cut.event_clip as
select p.* from public.event_clip p
where exists (select from scoped.event e join public.device d on d.id = e.device_id
              where e.id = p.event_id and cut.uncut(d.scope, d.organisation, d.code, null, e.kind));
