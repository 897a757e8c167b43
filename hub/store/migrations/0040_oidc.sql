-- Login at a provider of OpenID Connect.

-- Who is who there. Nothing but issuer and subject leads to a person: no name, no mail address.
create table oidc_identity (
    issuer text not null,
    subject text not null,
    principal_id uuid not null references principal on delete cascade,
    created_at timestamptz not null default clock_timestamp(),
    seen_at timestamptz not null default clock_timestamp(),
    primary key (issuer, subject)
);
create unique index on oidc_identity (principal_id);

-- Logins that have begun: one row each, which its end takes away, so that each ends once.
create table oidc_login (
    cookie_hash bytea primary key check (length(cookie_hash) = 32),
    next text not null,
    anew boolean not null,
    former bytea,
    created_at timestamptz not null default clock_timestamp()
);
create index on oidc_login (created_at);

alter table login_session add column issuer text, add column second_factor boolean;

comment on table oidc_identity is 'People who log in at a provider, by issuer and subject';
comment on table oidc_login is 'Logins at a provider that have begun, for ten minutes; the browser''s secret as SHA-256';
comment on column login_session.issuer is 'At whose provider the person has logged in; null: at the hub';
comment on column login_session.second_factor is 'Whether two factors were shown there; null: the account says';
