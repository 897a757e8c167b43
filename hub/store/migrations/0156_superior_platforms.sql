-- Superior platforms of GB/T 28181 (级联): targets of forwarding at which the hub registers as a platform below them.
alter table forward_target
    drop constraint forward_target_kind_check,
    drop constraint forward_target_check,
    add column platform jsonb,
    add constraint forward_target_kind_check check (kind in ('hj212', 'gb28181', 'mqtt', 'kafka')),
    add constraint forward_target_address check (
        (kind in ('hj212', 'gb28181')) = (host is not null and port is not null and password is not null)),
    add constraint forward_target_platform check (
        (kind = 'gb28181') = (platform is not null) and (kind <> 'gb28181' or number ~ '^[0-9]{20}$'));
comment on column forward_target.number is
    'The MN under which all is forwarded, null: each device''s own; of GB/T 28181 the hub''s own 20 digits there';
comment on column forward_target.platform is
    'Of GB/T 28181: the superior''s 20 digits (id), transport, user name, expiry, keepalive and the hub''s own port';

create table forward_registration (
    target_id int primary key references forward_target on delete cascade,
    registered_at timestamptz,
    expires_at timestamptz,
    heard_at timestamptz,
    responds boolean,
    catalogue_at timestamptz,
    catalogue_channels int
);
comment on table forward_registration is 'How the hub is registered at superior platforms of GB/T 28181';
comment on column forward_registration.registered_at is 'Since when without a gap; null: it is not';
comment on column forward_registration.expires_at is 'Until when, unless it is renewed';
comment on column forward_registration.heard_at is 'When the platform answered last';
comment on column forward_registration.responds is
    'Whether it answers alarms with a <Response>, which is waited for then; null: not known yet';
comment on column forward_registration.catalogue_at is 'When it was last told the whole directory';

create table forward_subscription (
    target_id int not null references forward_target on delete cascade,
    event text not null check (event in ('Catalog', 'Alarm')),
    call_id text not null,
    local text not null,
    remote text not null,
    contact text not null,
    number int not null,
    expires_at timestamptz not null,
    primary key (target_id, event)
);
comment on table forward_subscription is 'Which news superior platforms of GB/T 28181 have asked for: dialogs of SIP';
comment on column forward_subscription.local is 'From of a NOTIFY, with the hub''s tag';
comment on column forward_subscription.remote is 'To of a NOTIFY, with the platform''s tag';
comment on column forward_subscription.contact is 'The URI that a NOTIFY goes to';
comment on column forward_subscription.number is 'The newest CSeq';

create table forward_channel (
    target_id int not null references forward_target on delete cascade,
    channel text not null,
    online boolean not null,
    content text not null,
    primary key (target_id, channel)
);
comment on table forward_channel is 'The directory as a superior platform that subscribes to it was told it';
comment on column forward_channel.channel is '20 digits';
comment on column forward_channel.content is 'A digest of its item: what differs is news';

create view forward_grant as
select t.id as target_id, d.id as device_id, n.channel, p.category, t.ceiling
from forward_target t
join device d on d.scope @> array[t.scope_key] and d.state = 'active' and (t.tag is null or has_tag(d.tags, t.tag))
join profile p on p.id = d.profile_id
cross join lateral (
    select coalesce(
        (select min(a.address) from device_address a where a.device_id = d.id and a.scheme = 'gb28181'),
        case when d.code ~ '^[0-9]{20}$' then d.code end) as channel) n
where t.enabled and t.kind = 'gb28181';
comment on view forward_grant is 'Devices that superior platforms of GB/T 28181 are granted; channel null: it has no 20 digits';
