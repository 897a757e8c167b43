-- How protocols call devices that are registered by their code: an MN, an IMEI, a DevEUI, a platform's id
-- (devices/schemes.py). One address is of one device; a device may have several.
create table device_address (
    scheme text not null check (scheme ~ '^[a-z][a-z0-9-]{0,31}$'),
    address text not null check (address ~ '^[!-~]([ -~]{0,126}[!-~])?$'),
    device_id int not null references device on delete cascade,
    created_at timestamptz not null default clock_timestamp(),
    primary key (scheme, address)
);
comment on table device_address is 'How protocols call devices that are registered by their code';
create index on device_address (device_id);

-- Processes learn of devices that changed by their revision: an address that is given or taken away is such a change.
create function device_of_address_changed() returns trigger language plpgsql as $$
begin
    update public.device set revision = pg_current_xact_id() where id in (select device_id from changed);
    return null;
end $$;
create trigger stamp_device_added after insert on device_address
    referencing new table as changed for each statement execute function device_of_address_changed();
create trigger stamp_device_removed after delete on device_address
    referencing old table as changed for each statement execute function device_of_address_changed();

create view scoped.device_address as
select a.* from public.device_address a where exists (select from scoped.device d where d.id = a.device_id);
create view cut.device_address as
select a.scheme, case when u.uncut then a.address end as address, a.device_id, a.created_at
from scoped.device_address a
join public.device d on d.id = a.device_id
cross join lateral (select cut.uncut(d.scope, d.organisation, d.code, null, null) as uncut) u;

-- Of an address that is another device's: its code where the caller may see it, else empty; null: it is nobody's.
create function address_owner(p_scheme text, p_address text) returns text language sql stable as $$
    select coalesce((select d.code from device d where d.id = a.device_id), '')
    from public.device_address a where a.scheme = p_scheme and a.address = p_address
$$;
