-- By which process a command reaches its device: sessions that devices have with processes, and the offer of a command.

-- Processes that take commands down; one that has not said so for a while is forgotten, with its sessions.
create table session_holder (
    id text primary key,       -- host/process id
    broker boolean not null,   -- it is connected to the message broker, with which MQTT devices have their sessions
    at timestamptz not null    -- when it last said so
) with (fillfactor = 50);

-- The newest session of each device that connects to a process of the hub itself (TCP, SIP, polling). A device whose
-- session has ended stays here, so that a command to it fails at once.
create sequence session_epoch;
create table session (
    device_id int primary key references device on delete cascade,
    holder text not null references session_holder on delete cascade,
    epoch bigint not null,     -- rises with each session of any device: the highest of a device's is the one that counts
    transport text not null,
    since timestamptz not null default clock_timestamp(),
    ended_at timestamptz
);
create index on session (holder);

alter table command
    add column take_until timestamptz,  -- a process may take it for its device until then; null: nobody may
    add column taken_at timestamptz,    -- by one process, once; what happens to it from here on, nobody else sends it
    add column taken_by text,
    add column epoch bigint;            -- of the session by which it was sent; null: by the message broker
create index command_on_offer on command (take_until)
    where take_until is not null and taken_at is null and settled_at is null;

-- The session that a command to a device goes through: its own, else its gateway's; null: it is told over the broker.
create function session_of(device device) returns int language sql stable as $$
    select s.device_id from session s where s.device_id in (device.id, device.parent_id)
    order by s.device_id = device.id desc limit 1
$$;

create function notify_offer() returns trigger language plpgsql as $$
begin
    perform pg_notify('ganzhi_downlink', coalesce(
        (select s.holder from device d join session s on s.device_id = session_of(d) where d.id = new.device_id), ''));
    return null;
end $$;
create trigger offer after insert on command for each row
    when (new.take_until is not null) execute function notify_offer();

drop trigger tell on command;
create trigger tell after update on command for each row
    when (old.settled_at is distinct from new.settled_at or old.replied_at is distinct from new.replied_at
          or old.sent_at is distinct from new.sent_at)
    execute function notify_command();
