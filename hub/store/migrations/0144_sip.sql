-- Cameras and platforms that register over SIP (GB/T 28181): where each is, and until when.
create table sip_registration (
    id text primary key check (id ~ '^[0-9]{20}$'),
    transport text not null check (transport in ('udp', 'tcp')),
    host text not null,
    port int not null,
    expires_at timestamptz not null,
    version text not null default '',
    agent text not null default '',
    at timestamptz not null default clock_timestamp()
);
create index on sip_registration (expires_at);
comment on table sip_registration is 'Cameras and platforms that have registered over SIP';
comment on column sip_registration.id is 'What GB/T 28181 calls it: 20 digits';
comment on column sip_registration.version is 'X-GB-Ver as it told it; empty: it told none';
comment on column sip_registration.agent is 'User-Agent as it told it';
comment on column sip_registration.at is 'When it registered last';

create view scoped.sip_registration as
select r.* from public.sip_registration r
where exists (select from scoped.device_address a where a.scheme = 'gb28181' and a.address = r.id)
   or exists (select from scoped.device d where d.code = r.id);
create view cut.sip_registration as
select case when u.uncut then r.id end as id, r.transport, case when u.uncut then r.host end as host, r.port, r.expires_at,
       r.version, r.agent, r.at
from scoped.sip_registration r
cross join lateral (
    select d.scope, d.organisation, d.code from public.device d
    left join public.device_address a on a.device_id = d.id and a.scheme = 'gb28181'
    where a.address = r.id or d.code = r.id
    limit 1
) d
cross join lateral (select cut.uncut(d.scope, d.organisation, d.code, null, null) as uncut) u;

alter table station_password drop constraint station_password_protocol_check;
alter table station_password add check (protocol in ('hj212', 'sl651', 'gb28181'));
