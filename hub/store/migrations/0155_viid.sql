-- View libraries (视图库) that register over HTTP (GA/T 1400): from where each does.
create table viid_registration (
    id text primary key check (id ~ '^[0-9]{20}$'),
    host text not null,
    agent text not null default '',
    at timestamptz not null default clock_timestamp()
);
comment on table viid_registration is 'View libraries and devices of GA/T 1400 that have registered';
comment on column viid_registration.id is 'What GA/T 1400 calls it: 20 digits';
comment on column viid_registration.host is 'The address from which it sends';
comment on column viid_registration.agent is 'User-Agent as it told it';
comment on column viid_registration.at is 'When it registered last';

create view scoped.viid_registration as
select r.* from public.viid_registration r
where exists (
    select from scoped.device_address a where a.scheme in ('gat1400', 'gb28181') and a.address = r.id
) or exists (select from scoped.device d where d.code = r.id);
create view cut.viid_registration as
select case when u.uncut then r.id end as id, case when u.uncut then r.host end as host, r.agent, r.at
from scoped.viid_registration r
cross join lateral (
    select d.scope, d.organisation, d.code from public.device d
    left join public.device_address a on a.device_id = d.id and a.scheme in ('gat1400', 'gb28181')
    where a.address = r.id or d.code = r.id
    limit 1
) d
cross join lateral (select cut.uncut(d.scope, d.organisation, d.code, null, null) as uncut) u;

alter table station_password drop constraint station_password_protocol_check;
alter table station_password add check (protocol in ('hj212', 'sl651', 'gb28181', 'gat1400'));
