-- What cameras and platforms say of themselves while they are registered, and whether two register with one number.
alter table sip_registration
    add column since timestamptz not null default clock_timestamp(),
    add column heard_at timestamptz,
    add column status text check (length(status) <= 16),
    add column faulty text[] not null default '{}' check (cardinality(faulty) <= 100),
    add column manufacturer text check (length(manufacturer) <= 128),
    add column model text check (length(model) <= 128),
    add column firmware text check (length(firmware) <= 128),
    add column channels int check (channels >= 0),
    add column told_at timestamptz,
    add column twin_at timestamptz,
    add column twin_peers text[],
    add check ((twin_at is null) = (twin_peers is null));
update sip_registration set since = at;
alter table sip_registration set (fillfactor = 70);
create index on sip_registration (greatest(expires_at, at));
comment on column sip_registration.since is 'Since when it has been registered without a gap';
comment on column sip_registration.heard_at is 'When its last keepalive came';
comment on column sip_registration.status is 'Of its last keepalive: OK, ERROR; null: none came';
comment on column sip_registration.faulty is 'Devices that its last keepalive called faulty, by their 20 digits';
comment on column sip_registration.channels is 'How many it says it has, and the other columns as it told them (DeviceInfo)';
comment on column sip_registration.told_at is 'When it told that';
comment on column sip_registration.twin_at is 'When it was last seen that two devices register with its number by turns';
comment on column sip_registration.twin_peers is 'Addresses of these: the newer one, which is registered, and the older one';

create or replace view scoped.sip_registration as
select r.* from public.sip_registration r
where exists (select from scoped.device_address a where a.scheme = 'gb28181' and a.address = r.id)
   or exists (select from scoped.device d where d.code = r.id);
create or replace view cut.sip_registration as
select case when u.uncut then r.id end as id, r.transport, case when u.uncut then r.host end as host, r.port, r.expires_at,
       r.version, r.agent, r.at, r.since, r.heard_at, r.status, case when u.uncut then r.faulty else '{}' end as faulty,
       r.manufacturer, r.model, case when u.uncut then r.firmware end as firmware, r.channels, r.told_at, r.twin_at,
       case when u.uncut then r.twin_peers end as twin_peers
from scoped.sip_registration r
cross join lateral (
    select d.scope, d.organisation, d.code from public.device_address a join public.device d on d.id = a.device_id
    where a.scheme = 'gb28181' and a.address = r.id
    union all
    select d.scope, d.organisation, d.code from public.device d where d.code = r.id
    limit 1
) d
cross join lateral (select cut.uncut(d.scope, d.organisation, d.code, null, null) as uncut) u;
