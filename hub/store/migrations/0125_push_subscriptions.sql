-- What platforms of carriers and clouds push: their subscriptions, who sends through them, and pauses of them.
create table push_subscription (
    code text primary key check (code ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
    platform text not null check (platform in ('ctwing', 'onenet', 'iotda', 'aliyun', 'tencent')),
    name text not null check (name <> ''),
    secret text not null,
    key text,
    networks cidr[] not null default '{}',
    organisation text references organisation,
    region text check (region ~ '^[0-9]{12}$'),
    profile_id int references profile,
    rhythm_s float8 check (rhythm_s > 0),
    enabled boolean not null default true,
    created_at timestamptz not null default clock_timestamp(),
    heard_at timestamptz,
    pushes bigint not null default 0,
    day date not null default current_date,
    longest_s float8 not null default 0,
    longest_before_s float8 not null default 0,
    silent_since timestamptz,
    back_at timestamptz
);
comment on table push_subscription is 'What platforms of carriers and clouds push to the hub';
comment on column push_subscription.secret is 'Which it shows, or signs with; sealed';
comment on column push_subscription.key is 'With which its messages are encrypted; sealed';
comment on column push_subscription.networks is 'From where it may come; none: from anywhere';
comment on column push_subscription.organisation is 'Of the devices that are accepted, and of the alert of its silence';
comment on column push_subscription.rhythm_s is 'How often something comes at least; null: it is learned';
comment on column push_subscription.longest_s is 'Seconds of the longest pause of `day` between two pushes';
comment on column push_subscription.longest_before_s is 'The same of the days before, fading';
comment on column push_subscription.silent_since is 'When it was heard last, while it is silent';

create function push_limit(rhythm_s float8, longest_s float8, longest_before_s float8, pushes bigint) returns float8
language sql immutable as $$
    select case when rhythm_s is not null then 3 * rhythm_s
                when pushes >= 20 then greatest(3 * greatest(longest_s, longest_before_s), 120) end
$$;
comment on function push_limit is 'Seconds after which a subscription is silent; null: it is not known yet';

create table push_sender (
    subscription text not null references push_subscription on delete cascade,
    address text not null,
    imei text,
    product text,
    first_at timestamptz not null,
    heard_at timestamptz not null,
    waits boolean not null,
    primary key (subscription, address)
);
create index on push_sender (first_at, subscription, address) where waits;
comment on table push_sender is 'Devices as the platforms of subscriptions know them';
comment on column push_sender.waits is 'Whether dead letters of it wait for its device to be registered';
comment on column push_sender.heard_at is 'When it was heard last while nobody knew it';

create table push_gap (
    device_id int not null references device on delete cascade,
    from_at timestamptz not null,
    to_at timestamptz not null check (to_at > from_at),
    subscription text not null,
    primary key (device_id, from_at)
);
create index on push_gap (subscription, to_at desc);
comment on table push_gap is 'When nothing of a device could come, for its subscription said nothing or the hub was away';

create or replace function only_sealed() returns void
language sql security definer set search_path = public, pg_temp as $$
    insert into sealed_only (one)
    select true
    where not exists (
        select from consumer, unnest(array[secret, login, query, receipt_secret]) as stored
        where not stored ^@ 'sealed 1 ')
      and not exists (select from outside_system where not secret ^@ 'sealed 1 ')
      and not exists (select from forward_target where not password ^@ 'sealed 1 ')
      and not exists (
        select from push_subscription, unnest(array[secret, key]) as stored where not stored ^@ 'sealed 1 ')
      and not exists (
        select from account, unnest(array[totp_secret, totp_pending]) as stored where not stored ^@ 'sealed 1 ')
    on conflict do nothing
$$;
