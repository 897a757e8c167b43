-- What the hub asks platforms for after nothing could come, and what is known of each device's gap.
alter table push_subscription
    add column api_url text check (api_url <> ''),
    add column api_id text not null default '',
    add column api_scope text not null default '',
    add column api_secret text,
    add column api_per_s float8 not null default 5 check (api_per_s > 0 and api_per_s <= 1000),
    add column api_error text,
    add column api_error_words jsonb;
comment on column push_subscription.api_url is 'Where the platform is asked for what was missed; null: it is not';
comment on column push_subscription.api_id is 'Who asks: an access key, the key of an application';
comment on column push_subscription.api_scope is 'Of what: a project, a region, an application';
comment on column push_subscription.api_secret is 'With which requests are signed; sealed';
comment on column push_subscription.api_per_s is 'Requests a second at most';
comment on column push_subscription.api_error is 'Why the platform cannot be asked now';

alter table push_gap
    add column cause text not null default 'silent' check (cause in ('silent', 'away')),
    add column state text not null default 'open' check (state in ('open', 'waits', 'latest', 'properties', 'filled')),
    add column attempts int not null default 0,
    add column latest_at timestamptz,
    add column due_at timestamptz not null default clock_timestamp(),
    add column why text,
    add column why_words jsonb;
create index on push_gap (subscription, due_at) where state = 'waits';
comment on column push_gap.cause is 'silent: the subscription said nothing; away: the hub was away';
comment on column push_gap.state is
    'open: what was missed is not known; waits: the platform is to be asked; latest: the newest state is known; '
    'properties: all properties are, and no events; filled: all is';
comment on column push_gap.latest_at is 'When the platform has told the newest state';
comment on column push_gap.why is 'Why no more of it is known';

create table push_listening (
    one boolean primary key default true check (one),
    until_at timestamptz not null
);
comment on table push_listening is 'Until when some process of the hub could take pushes and commit them';

create function push_asked(api_url text, api_secret text) returns boolean
language sql immutable as $$ select api_url is not null and api_secret is not null $$;
comment on function push_asked is 'Whether the platform of a subscription can be asked';

create view scoped.push_gap as
select g.* from public.push_gap g where exists (select from scoped.device d where d.id = g.device_id);

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
        select from push_subscription, unnest(array[secret, key, api_secret]) as stored
        where not stored ^@ 'sealed 1 ')
      and not exists (
        select from station_password, unnest(array[password, former]) as stored where not stored ^@ 'sealed 1 ')
      and not exists (select from camera_connection where not login ^@ 'sealed 1 ')
      and not exists (
        select from account, unnest(array[totp_secret, totp_pending]) as stored where not stored ^@ 'sealed 1 ')
    on conflict do nothing
$$;
