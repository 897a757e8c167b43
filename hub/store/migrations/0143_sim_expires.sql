-- When the SIM card of a device ends is a field of it; the tag that told it before is moved there where it is a day.
alter table device add column sim_expires date;
comment on column device.sim_expires is 'The day on which its SIM card ends; null: it has none, or it is not known';
create index device_sim_expires on device (sim_expires) where sim_expires is not null;

do $$
declare
    found record;
begin
    for found in select id, tags ->> 'sim_expires' as told from device where tags ? 'sim_expires' loop
        begin
            if found.told ~ '^20[0-9]{2}-[0-9]{2}-[0-9]{2}$' then
                update device set sim_expires = found.told::date, tags = tags - 'sim_expires' where id = found.id;
            end if;
        exception when datetime_field_overflow or invalid_datetime_format then
            null;  -- no day: hub check says so
        end;
    end loop;
end $$;

create or replace view scoped.device as
select d.* from public.device d
where d.scope && (select scoped.granted())
  and (d.scope && (select scoped.granted_whole()) or scoped.shared(d.organisation, d.code, null, null))
with local check option;

create or replace view cut.device as
select d.id, d.code, d.name, d.profile_id, d.parent_id, d.organisation, d.region,
       case when u.uncut then d.lon end as lon, case when u.uncut then d.lat end as lat, d.zone,
       case when u.uncut then d.tags else '{}' end as tags, d.state, d.created_at, d.revision, d.area_keys, d.scope,
       d.active_since, d.sim_expires
from scoped.device d
cross join lateral (select cut.uncut(d.scope, d.organisation, d.code, null, null) as uncut) u;
