-- An outage of a patrol holds nobody's loss for long, and is over when somebody of it has answered.
alter table patrol_visit add column outage text check (length(outage) <= 300);
alter table patrol_visit add column held_from bigint;
comment on column patrol_visit.outage is 'With what else it fell silent, until it answers, also once it is told of its own';
comment on column patrol_visit.held_from is 'The round in which it did';
update patrol_visit set outage = held, held_from = round where held is not null;

create or replace view scoped.patrol_visit as
select v.* from public.patrol_visit v where exists (select from scoped.device d where d.id = v.device_id);
create or replace view cut.patrol_visit as
select v.device_id, v.visited_at, v.result, v.faults, null::text[] as telling, v.refused, null::bytea as place, v.round,
       case when u.uncut then v.held end as held, v.skipped, case when u.uncut then v.outage end as outage, v.held_from
from scoped.patrol_visit v
join public.device d on d.id = v.device_id
cross join lateral (select cut.uncut(d.scope, d.organisation, d.code, null, null) as uncut) u;
