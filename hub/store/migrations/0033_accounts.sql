-- How people and machines show who they are: accounts, browser sessions, API keys, client certificates.

create table account (
    principal_id uuid primary key references principal on delete cascade,
    password_hash text not null,
    must_change boolean not null default true,
    changed_at timestamptz not null default clock_timestamp(),
    totp_secret text,
    totp_pending text,
    totp_step bigint not null default 0,
    recovery_codes bytea[] not null default '{}'
);

create table login_session (
    id uuid primary key default gen_random_uuid(),
    token_hash bytea not null unique check (length(token_hash) = 32),
    principal_id uuid not null references principal on delete cascade,
    created_at timestamptz not null default clock_timestamp(),
    seen_at timestamptz not null default clock_timestamp(),
    active_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    locked boolean not null default false,
    address text not null,
    agent text not null,
    ended_at timestamptz,
    ended_why text
);
create index on login_session (principal_id, created_at);

create table api_key (
    id uuid primary key default gen_random_uuid(),
    principal_id uuid not null references principal on delete cascade,
    secret_hash bytea not null unique check (length(secret_hash) = 32),
    label text not null default '',
    created_by text not null,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
);
create index on api_key (principal_id);

create table client_certificate (
    subject text primary key,
    principal_id uuid not null references principal on delete cascade,
    created_by text not null,
    created_at timestamptz not null default clock_timestamp()
);

-- What decides who is let in is told; that something was used is not. Sessions come and go: they are read by themselves.
create function notify_sessions() returns trigger language plpgsql as $$
begin
    notify ganzhi_access, 'sessions';
    return null;
end $$;
create trigger tell after insert or delete or update of must_change, totp_secret on account
    for each statement execute function notify_sessions();
create trigger tell after insert or delete or update of token_hash, expires_at, locked, ended_at on login_session
    for each statement execute function notify_sessions();
create trigger tell after insert or delete or update of expires_at, revoked_at on api_key
    for each statement execute function notify_access();
create trigger tell after insert or update or delete on client_certificate
    for each statement execute function notify_access();

comment on table account is 'Passwords (argon2id) and second factors of people; codes for recovery as SHA-256';
comment on table login_session is 'Browser sessions, those that have ended too; the token as SHA-256';
comment on table api_key is 'API keys of machines as SHA-256';
comment on table client_certificate is 'Subjects of client certificates that a gateway has checked, and whose they are';
