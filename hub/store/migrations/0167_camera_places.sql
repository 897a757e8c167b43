-- What is known of cameras' places, so that the first picture after a restart shows them: what has become place alone.
create table camera_place (
    device_id int not null references device on delete cascade,
    source text not null check (source in ('picture', 'video')),
    learned_at timestamptz not null,
    place bytea not null check (octet_length(place) <= 1048576),
    primary key (device_id, source)
);
comment on table camera_place is 'What has become place before cameras, 192 pixels wide; all else is black in it';
comment on column camera_place.source is 'Of pictures that the camera sends, or of its video';
comment on column camera_place.learned_at is 'When it was written last: kept for pictures.keep_days from then';
create index on camera_place (learned_at);
alter table camera_place alter column place set storage external;  -- it is compressed

create view scoped.camera_place as
select p.* from public.camera_place p where exists (select from scoped.device d where d.id = p.device_id);
create view cut.camera_place as
select p.device_id, p.source, p.learned_at, null::bytea as place from scoped.camera_place p;
