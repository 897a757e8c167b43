-- A patrol of cameras (轮巡): which are visited by turns, how each was found, and how far the round is.
alter table camera_connection add column patrolled boolean not null default false;
alter table camera_connection add check (not patrolled or kind = 'rtsp');
comment on column camera_connection.patrolled is 'Its video is looked at by turns, a few frames at a time, and not steadily';

create table patrol_visit (
    device_id int primary key references device on delete cascade,
    visited_at timestamptz,
    result text check (result in ('fine', 'faults', 'failed')),
    faults text[] not null default '{}',
    telling text[] not null default '{}',
    refused boolean not null default false,
    place bytea check (octet_length(place) <= 4096)
);
comment on table patrol_visit is 'How each camera was found that is visited by turns';
comment on column patrol_visit.faults is 'What was told of it, by the names of findings, and is not over';
comment on column patrol_visit.telling is 'Messages that may not have been stored yet: told again after a restart, as they are';
comment on column patrol_visit.refused is 'Whether it has refused its login';
comment on column patrol_visit.place is 'What is remembered of its place, to tell that it was moved or covered';

create table patrol_round (
    one boolean primary key default true check (one),
    began_at timestamptz not null,
    ended_at timestamptz,
    last_s double precision,
    last_cameras int
);
comment on table patrol_round is 'Since when the round of now goes on, and how long the last whole one took';

create view scoped.patrol_visit as
select v.* from public.patrol_visit v where exists (select from scoped.device d where d.id = v.device_id);
create view cut.patrol_visit as
select v.device_id, v.visited_at, v.result, v.faults, null::text[] as telling, v.refused, null::bytea as place
from scoped.patrol_visit v;
create view scoped.patrol_round as select r.* from public.patrol_round r;

create or replace view scoped.camera_connection as
select c.* from public.camera_connection c where exists (select from scoped.device d where d.id = c.device_id);
create or replace view cut.camera_connection as
select c.device_id, c.kind, case when u.uncut then c.url end as url, null::text as login, null::text as secret_hash, c.enabled,
       c.created_at, c.changed_at, c.state, c.since, c.heard_at, case when u.uncut then c.last_error end as last_error,
       case when u.uncut then c.last_error_words end as last_error_words, c.pushes,
       case when u.uncut then c.analysis end as analysis, case when u.uncut then c.figures end as figures, c.patrolled
from scoped.camera_connection c
join public.device d on d.id = c.device_id
cross join lateral (select cut.uncut(d.scope, d.organisation, d.code, null, null) as uncut) u;
