-- What callers with a limited scope could learn or change through what they may see.

-- A letter is its device's from when the device was registered: else who registers an unknown code would read what came
-- under it before, from a device of somebody else.
create or replace view scoped.dead_letter as
select l.* from public.dead_letter l
where exists (select from scoped.device d where d.code = l.device and d.created_at <= l.received_at);

-- Accounts that a user name would collide with, of devices that are seen or not: names are one space for all.
create function credentials_named(p_device int, p_name text)
returns table (id bigint, device_id int, username text, kind text)
language sql stable as $$
    select c.id, c.device_id, c.username, c.kind
    from public.credential c
    where c.revoked_at is null
      and (c.device_id = p_device or c.username = p_name or starts_with(c.username, p_name || '~'))
$$;

-- The children that a device speaks for, those that the caller does not see too.
create function device_children(p_device int) returns text[] language sql stable as $$
    select coalesce(array_agg(k.code), '{}') from public.device k where k.parent_id = p_device and k.state <> 'retired'
$$;
