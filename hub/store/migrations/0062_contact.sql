-- How people with accounts are reached: sealed only (hub/secrets), so a number that somebody reads in the tables is none.
create table contact (
    principal_id uuid primary key references principal,
    phone text not null check (phone ^@ 'sealed 1 '),
    changed_at timestamptz not null default clock_timestamp()
);
comment on table contact is 'Telephone numbers of people with accounts, sealed';
