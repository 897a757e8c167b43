-- Through which network a device was heard last: senders are noted again and again (ingest/networks/listening.py), and a
-- device that is heard without one by now is told of commands without one.
comment on column network_sender.heard_at is 'When a process of the hub heard it so last, to five minutes';

create or replace function network_of(of_device int)
returns table (network text, protocol text, via text, address text) language sql stable as $$
    select s.network, l.protocol, s.via, s.address
    from public.device_address a
    join network_listening l on l.scheme = a.scheme
    join network_sender s on s.network = l.name and s.address = a.address
    left join public.device_seen d on d.device_id = a.device_id
    where a.device_id = of_device and s.via is not null and l.protocol in ('chirpstack', 'the-things-stack')
      and s.heard_at > coalesce(d.seen_at, '-infinity') - interval '10 minutes'
    order by s.heard_at desc, s.network limit 1
$$;
