-- Who may speak as a device, and which devices may register themselves. No secret is kept, only what it hashes to.

create table provisioning_key (
    code text primary key check (code ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
    organisation text references organisation,
    profile_id int not null references profile,
    key_hash bytea not null,
    state text not null default 'pending' check (state in ('pending', 'active')),
    device_limit int check (device_limit >= 0),
    used int not null default 0,
    expires_at timestamptz,
    enabled boolean not null default true,
    created_at timestamptz not null default clock_timestamp(),
    rotated_at timestamptz
);

create table credential (
    id bigint generated always as identity primary key,
    device_id int not null references device,
    kind text not null check (kind in ('password', 'token', 'x509')),
    username text not null check (length(username) between 1 and 80),  -- of x509 the certificate's common name
    secret_hash bytea check ((secret_hash is null) = (kind = 'x509')),
    provisioning_key text,  -- by which a device got it for itself; the key may be gone
    created_at timestamptz not null default clock_timestamp(),
    rotated_at timestamptz,
    revoked_at timestamptz,
    revision xid8 not null default pg_current_xact_id()
);
create unique index credential_username on credential (username) where revoked_at is null;
create index on credential (device_id);
create index on credential (revision);
create trigger stamp before update on credential for each row execute function stamp_revision();
create trigger tell after insert or update on credential for each statement execute function notify_registry();
