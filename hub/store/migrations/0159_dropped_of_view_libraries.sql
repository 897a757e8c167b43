-- How much about persons, vehicles and pictures each view library has sent, all of which was dropped.
alter table viid_registration add column dropped bigint not null default 0, add column dropped_at timestamptz;
comment on column viid_registration.dropped is 'Objects about persons, vehicles and pictures that it has sent since it is registered';
comment on column viid_registration.dropped_at is 'When it sent the last of them';

create or replace view scoped.viid_registration as
select r.* from public.viid_registration r
where exists (
    select from scoped.device_address a where a.scheme in ('gat1400', 'gb28181') and a.address = r.id
) or exists (select from scoped.device d where d.code = r.id);
create or replace view cut.viid_registration as
select case when u.uncut then r.id end as id, case when u.uncut then r.host end as host, r.agent, r.at, r.dropped, r.dropped_at
from scoped.viid_registration r
cross join lateral (
    select d.scope, d.organisation, d.code from public.device d
    left join public.device_address a on a.device_id = d.id and a.scheme in ('gat1400', 'gb28181')
    where a.address = r.id or d.code = r.id
    limit 1
) d
cross join lateral (select cut.uncut(d.scope, d.organisation, d.code, null, null) as uncut) u;
