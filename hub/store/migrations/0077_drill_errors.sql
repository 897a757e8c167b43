-- A line of a scenario that cannot be raised says why, and holds up no other.
alter table drill_alert add column error text;
comment on column drill_alert.error is 'Why it could not be raised';
create or replace view scoped.drill_alert as
select l.* from public.drill_alert l
where exists (select from public.device d where d.id = l.device_id and d.scope && (select scoped.granted_whole()))
   or (l.device_id is null and l.scope && (select scoped.granted_whole()))
with local check option;
create or replace view cut.drill_alert as
select l.drill_id, l.number, l.alert_id, l.due_at, l.raised_at, l.device_id, l.region, l.organisation, l.category,
       l.event_kind, case when u.uncut then l.lon end as lon, case when u.uncut then l.lat end as lat, l.level,
       l.title, l.scope, case when u.uncut then l.error end as error
from scoped.drill_alert l
left join public.device d on d.id = l.device_id
cross join lateral (
    select case when l.device_id is null then l.scope && cut.keys()
                else cut.uncut(d.scope, d.organisation, d.code, null, coalesce(l.event_kind, '')) end as uncut
) u;

-- A summary names alerts of all places: only who sees all places sees that it is there.
create or replace view scoped.outbox as
select o.* from public.outbox o
where case when o.change_id is null then '/' = any ((select scoped.granted_whole())::text[])
           else exists (select from scoped.alert a where a.id = o.alert_id) end;
