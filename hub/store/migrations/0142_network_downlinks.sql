-- Commands through networks of LoRaWAN: they wait in the network's queue until the device listens.
alter table network_sender
    add column via text,
    add column heard_at timestamptz not null default clock_timestamp();
comment on column network_sender.via is
    'What of a topic leads to the device: of ChirpStack its application, of The Things Stack application@tenant/device';
comment on column network_sender.heard_at is 'When a process of the hub heard it so for the first time';

alter table command
    add column network text,
    add column confirmed boolean,
    add column queued_at timestamptz;
comment on column command.network is 'The network of LoRaWAN through which it goes; null: none';
comment on column command.confirmed is 'Whether its device is asked to acknowledge it; null: it goes through no network';
comment on column command.queued_at is 'When the network had it';
alter table command drop constraint command_state_check, drop constraint command_check,
    add constraint command_state_check
    check (state in ('pending', 'queued', 'sent', 'replied', 'failed', 'timed_out')),
    add constraint command_settled_check check (case when settled_at is null then state in ('pending', 'queued', 'sent')
        else state in ('replied', 'failed', 'timed_out') or (state = 'sent' and not confirmed) end);

create function network_of(of_device int)
returns table (network text, protocol text, via text, address text) language sql stable as $$
    select s.network, l.protocol, s.via, s.address
    from public.device_address a
    join network_listening l on l.scheme = a.scheme
    join network_sender s on s.network = l.name and s.address = a.address
    where a.device_id = of_device and s.via is not null and l.protocol in ('chirpstack', 'the-things-stack')
    order by s.heard_at desc, s.network limit 1
$$;
comment on function network_of is 'The network of LoRaWAN through which a device was heard last, and how it is told there';

create or replace function command_timeout(c command) returns text language sql stable as $$
    select case
        when c.network is null then format('no reply within %s s', round(extract(epoch from c.expires_at - c.created_at)))
        when c.sent_at is null
            then format('network %s has not sent it within %s s; it is still in its queue, which the hub cannot empty',
                        c.network, round(extract(epoch from c.expires_at - c.created_at)))
        else format('not acknowledged within %s s', round(extract(epoch from c.expires_at - c.created_at)))
    end
$$;

drop trigger tell on command;
create trigger tell after update on command for each row
    when (old.settled_at is distinct from new.settled_at or old.replied_at is distinct from new.replied_at
          or old.sent_at is distinct from new.sent_at or old.queued_at is distinct from new.queued_at)
    execute function notify_command();

create or replace view scoped.command as
select c.* from public.command c where exists (select from scoped.device d where d.id = c.device_id);
create or replace view cut.command as
select c.id, c.device_id, c.name, case when u.uncut then c.params else '{}' end as params, c.state,
       case when u.uncut then c.actor else '' end as actor, case when u.uncut then c.key end as key, c.created_at,
       c.expires_at, c.sent_at, c.settled_at, c.replied_at, case when u.uncut then c.reply end as reply, c.late, c.error,
       c.take_until, c.taken_at, c.taken_by, c.epoch, c.network, c.confirmed, c.queued_at
from scoped.command c
join public.device d on d.id = c.device_id
cross join lateral (select cut.uncut(d.scope, d.organisation, d.code, null, null) as uncut) u;
