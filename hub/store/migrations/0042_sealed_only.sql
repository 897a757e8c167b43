-- From when on an unsealed secret is trusted no more: once all were sealed, whoever can write to the tables could plant one.

create table sealed_only (
    one boolean primary key default true check (one),
    since timestamptz not null default clock_timestamp()
);
comment on table sealed_only is 'One row, once all secrets were sealed: an unsealed one is refused from then on (hub/secrets)';

-- Say so, if it is so.
create function only_sealed() returns void language sql security definer set search_path = public, pg_temp as $$
    insert into sealed_only (one)
    select true
    where not exists (
        select from consumer, unnest(array[secret, login, query]) as stored where not stored ^@ 'sealed 1 ')
      and not exists (
        select from account, unnest(array[totp_secret, totp_pending]) as stored where not stored ^@ 'sealed 1 ')
    on conflict do nothing
$$;
revoke execute on function only_sealed from public;
