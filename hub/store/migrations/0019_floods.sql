-- Devices whose messages are refused faster than a mistake explains (devices/floods.py), and until when their accounts
-- are disabled at the broker.
create table device_flood (
    device_id int primary key references device on delete cascade,
    since timestamptz not null,          -- when it began to exceed the rate
    last_at timestamptz not null,        -- when the row was written last, while it went on
    refused bigint not null,             -- since it began
    disabled_at timestamptz,             -- null: floods.disable_s is 0, no account is disabled for it
    disabled_until timestamptz not null
) with (fillfactor = 50);
create index on device_flood (last_at);
comment on table device_flood is 'Newest flood of refused messages of each device, and how long its accounts are disabled for it';

-- Processes that hold credentials look at once when an account is to be disabled, not each time a flood is written.
create trigger notify after insert on device_flood for each statement execute function notify_registry();
create trigger notify_again after update on device_flood
    for each row when (old.since is distinct from new.since) execute function notify_registry();

-- Ids of the devices whose accounts are disabled now, ascending: those that flood, and the gateway of one that has no
-- account of its own, or whose flood goes on for half a minute although it has been disabled.
create function flooding() returns int[] language sql stable as $$
    select coalesce(array_agg(distinct id order by id), '{}') from (
        select f.device_id as id from device_flood f where f.disabled_at is not null and f.disabled_until > now()
        union all
        select d.parent_id
        from device_flood f join device d on d.id = f.device_id
        where f.disabled_at is not null and f.disabled_until > now() and d.parent_id is not null
          and (f.last_at > f.disabled_at + interval '30 seconds'
               or not exists (select from credential c where c.device_id = d.id and c.revoked_at is null))
    ) kept_out
$$;
