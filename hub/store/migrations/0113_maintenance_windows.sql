-- Planned work on a place, an area or an organisation, too; and who planned it.
alter table maintenance
    alter column device_id drop not null,
    add column organisation text references organisation,
    add column region text check (region ~ '^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$'),
    add column area text references area (code) on delete cascade,
    add column made_by text,
    add column ended_by text,
    -- The key of the devices that it is about, as of grants (0030_access.sql); of one device: null.
    add column reach text generated always as (
        case when device_id is null then coalesce(organisation, '') || '/' || coalesce(region, '@' || area, '') end) stored,
    add column scope text[] not null generated always as (
        scope_keys(organisation, region, array_remove(array['/@' || area, organisation || '/@' || area], null))) stored,
    add constraint maintenance_of check (
        case when device_id is null then coalesce(organisation, region, area) is not null and (region is null or area is null)
             else coalesce(organisation, region, area) is null end);
comment on column maintenance.made_by is 'As the audit names them; null: before it was kept';
comment on column maintenance.reach is 'The key of the devices that it is about; null: of one device';
comment on column maintenance.scope is 'As device.scope: who may see one that is not of a device';
create index on maintenance (to_at);
create index on maintenance (area) where area is not null;

create view maintained as
select m.id, m.device_id, m.from_at, m.to_at, m.note from maintenance m where m.device_id is not null
union all
select m.id, d.id, m.from_at, m.to_at, m.note
from maintenance m join device d on d.scope && array[m.reach] where m.device_id is null;

create or replace view scoped.maintenance as
select m.* from public.maintenance m
where (m.device_id is not null and exists (select from scoped.device d where d.id = m.device_id))
   or (m.device_id is null and m.scope && (select scoped.granted_whole()))
with local check option;
create view scoped.maintained as
select m.* from public.maintained m where exists (select from scoped.device d where d.id = m.device_id);

create or replace view cut.maintenance as
select m.id, m.device_id, m.from_at, m.to_at, case when u.uncut then m.note else '' end as note, m.created_at,
       m.organisation, m.region, m.area, case when u.uncut then m.made_by end as made_by,
       case when u.uncut then m.ended_by end as ended_by, m.reach, m.scope
from scoped.maintenance m
left join public.device d on d.id = m.device_id
cross join lateral (
    select cut.uncut(coalesce(d.scope, m.scope), coalesce(d.organisation, m.organisation), coalesce(d.code, ''), null, null)
        as uncut
) u;
create view cut.maintained as
select m.id, m.device_id, m.from_at, m.to_at,
       case when cut.uncut(d.scope, d.organisation, d.code, null, null) then m.note else '' end as note
from scoped.maintained m
join public.device d on d.id = m.device_id;

create or replace view catalogue_state as
select d.id, d.region, d.organisation, d.profile_id,
       d.state = 'active' as active,
       d.state = 'active' and w.device_id is not null as in_maintenance,
       d.state = 'active' and w.device_id is null and coalesce(h.online, false) as online,
       d.state = 'active' and w.device_id is null and coalesce(h.online, false) and f.device_id is null as sound,
       case when d.state = 'active' then c.expected end as expected,
       case when d.state = 'active' then c.received end as received
from device d
left join device_health h on h.device_id = d.id
left join (select distinct m.device_id from maintained m where m.from_at <= now() and now() < m.to_at) w
    on w.device_id = d.id
left join (
    select newest.device_id
    from (
        select distinct on (e.device_id, e.kind) e.device_id, e.state
        from event e
        where e.kind in ('fault', 'power_loss', 'video_loss', 'video_quality', 'occlusion', 'tamper')
        order by e.device_id, e.kind, e.ts desc
    ) newest
    where newest.state = 'active'
    union
    select s.device_id from latest l join series s on s.id = l.series_id where l.quality & 2 <> 0
) f on f.device_id = d.id
left join completeness c on c.device_id = d.id
    and c.day between current_date - 2 and current_date  -- the others of yesterday's in the world; lets the index serve
    and c.day = (now() at time zone d.zone)::date - 1
where d.state <> 'retired';
