-- Connections to cameras: which are asked, and where; which push, and how each does.
create table camera_connection (
    device_id int not null references device on delete cascade,
    kind text not null check (kind in ('isapi', 'onvif', 'rtsp')),
    url text check (url ~ '^[!-~]+$' and length(url) <= 500),
    login text,
    secret_hash text,
    enabled boolean not null default true,
    created_at timestamptz not null default clock_timestamp(),
    changed_at timestamptz not null default clock_timestamp(),
    state text not null default 'new' check (state in ('new', 'up', 'down')),
    since timestamptz,
    heard_at timestamptz,
    last_error text,
    last_error_words jsonb,
    pushes boolean not null generated always as (url is null) stored,
    primary key (device_id, kind),
    check ((url is null) = (secret_hash is not null)),
    check (url is not null or kind = 'isapi'),
    check (login is null or url is not null)
);
comment on table camera_connection is 'Which cameras are asked for events and pictures, which push, and how each does';
comment on column camera_connection.url is 'Where it is asked, without a login; null: it pushes';
comment on column camera_connection.login is 'User and password for the server of `url`; sealed';
comment on column camera_connection.secret_hash is 'SHA-256 of what stands in the path that it pushes to';
comment on column camera_connection.since is 'Since when it is up or down';
create unique index on camera_connection (secret_hash);

create view scoped.camera_connection as
select c.* from public.camera_connection c where exists (select from scoped.device d where d.id = c.device_id);
create view cut.camera_connection as
select c.device_id, c.kind, case when u.uncut then c.url end as url, null::text as login, null::text as secret_hash, c.enabled,
       c.created_at, c.changed_at, c.state, c.since, c.heard_at, case when u.uncut then c.last_error end as last_error,
       case when u.uncut then c.last_error_words end as last_error_words, c.pushes
from scoped.camera_connection c
join public.device d on d.id = c.device_id
cross join lateral (select cut.uncut(d.scope, d.organisation, d.code, null, null) as uncut) u;

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
        select from station_password, unnest(array[password, former]) as stored where not stored ^@ 'sealed 1 ')
      and not exists (select from camera_connection where not login ^@ 'sealed 1 ')
      and not exists (
        select from account, unnest(array[totp_secret, totp_pending]) as stored where not stored ^@ 'sealed 1 ')
    on conflict do nothing
$$;
