-- A patrol that finds many cameras of one network, gateway or host silent at once: one finding, and none of each camera.
-- Rounds have numbers, so that no clock that is set back repeats one.
alter table patrol_round add column number bigint not null default 0;
comment on column patrol_round.number is 'Of this round';

alter table patrol_visit add column round bigint;
alter table patrol_visit add column held text check (length(held) <= 300);
alter table patrol_visit add column skipped text check (skipped in ('url', 'secret', 'reader'));
comment on column patrol_visit.round is 'In which it was visited last';
comment on column patrol_visit.held is 'With what else it does not answer, so that nothing is told of it';
comment on column patrol_visit.skipped is 'Why it was not looked at when it was its turn last';

create or replace view scoped.patrol_visit as
select v.* from public.patrol_visit v where exists (select from scoped.device d where d.id = v.device_id);
create or replace view cut.patrol_visit as
select v.device_id, v.visited_at, v.result, v.faults, null::text[] as telling, v.refused, null::bytea as place, v.round,
       case when u.uncut then v.held end as held, v.skipped
from scoped.patrol_visit v
join public.device d on d.id = v.device_id
cross join lateral (select cut.uncut(d.scope, d.organisation, d.code, null, null) as uncut) u;
create or replace view scoped.patrol_round as select r.* from public.patrol_round r;
