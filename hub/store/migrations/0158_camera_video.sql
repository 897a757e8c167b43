-- Analysis of the video of a camera: what is looked for, and what it costs.
alter table camera_connection add column analysis jsonb;
alter table camera_connection add column figures jsonb;
comment on column camera_connection.analysis is 'What is looked for in its video: kinds, zones and lines; null: faults of the picture';
comment on column camera_connection.figures is 'How its video is read: encoding, size, frames, processor time, what is shed';

create or replace view scoped.camera_connection as
select c.* from public.camera_connection c where exists (select from scoped.device d where d.id = c.device_id);
create or replace view cut.camera_connection as
select c.device_id, c.kind, case when u.uncut then c.url end as url, null::text as login, null::text as secret_hash, c.enabled,
       c.created_at, c.changed_at, c.state, c.since, c.heard_at, case when u.uncut then c.last_error end as last_error,
       case when u.uncut then c.last_error_words end as last_error_words, c.pushes,
       case when u.uncut then c.analysis end as analysis, case when u.uncut then c.figures end as figures
from scoped.camera_connection c
join public.device d on d.id = c.device_id
cross join lateral (select cut.uncut(d.scope, d.organisation, d.code, null, null) as uncut) u;
