-- What devices were told to do, and what became of it.

create table command (
    id uuid primary key,
    device_id int not null references device,
    name text not null,
    params jsonb not null,
    -- pending: not yet confirmed by the broker; sent: the broker has it. The others are final.
    state text not null default 'pending' check (state in ('pending', 'sent', 'replied', 'failed', 'timed_out')),
    actor text not null,
    key text,  -- Idempotency-Key of the request
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    sent_at timestamptz,     -- null although failed: it never left the hub
    settled_at timestamptz,
    replied_at timestamptz,
    reply jsonb,             -- {"result"} or {"error"}, as the device said it
    late boolean not null default false,  -- the reply came after the outcome was settled
    error text,
    unique (device_id, key),
    check ((settled_at is null) = (state in ('pending', 'sent')))
);
create index on command (device_id, created_at desc, id);
create index on command (created_at);
create index command_under_way on command (expires_at) where settled_at is null;
create index command_of_device_under_way on command (device_id) where settled_at is null;

create function notify_command() returns trigger language plpgsql as $$
begin
    perform pg_notify('ganzhi_command', new.id::text);
    return null;
end $$;
create trigger tell after update on command for each row
    when (old.settled_at is distinct from new.settled_at or old.replied_at is distinct from new.replied_at)
    execute function notify_command();

create function command_timeout(c command) returns text language sql stable as $$
    select format('no reply within %s s', round(extract(epoch from c.expires_at - c.created_at)))
$$;
