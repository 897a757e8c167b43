-- What a station must show that has a password of its own (HJ 212: PW; SL 651: four hexadecimal digits), instead of the
-- one of all stations of its protocol. Sealed; while it is changed in the field the former one is taken, too.
create table station_password (
    device_id int not null references device on delete cascade,
    protocol text not null check (protocol in ('hj212', 'sl651')),
    password text not null,
    former text,
    former_until timestamptz,
    set_at timestamptz not null default clock_timestamp(),
    primary key (device_id, protocol),
    check ((former is null) = (former_until is null))
);
comment on table station_password is 'Passwords that single stations must show; sealed';
comment on column station_password.former is 'Taken as well until former_until, while the new one is put into the station';

create function station_password_changed() returns trigger language plpgsql as $$
begin
    perform pg_notify('ganzhi_registry', tg_table_name);
    return null;
end $$;
create trigger tell after insert or update or delete on station_password
    for each statement execute function station_password_changed();

create view scoped.station_password as
select p.* from public.station_password p where exists (select from scoped.device d where d.id = p.device_id);

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
      and not exists (
        select from account, unnest(array[totp_secret, totp_pending]) as stored where not stored ^@ 'sealed 1 ')
    on conflict do nothing
$$;
