-- Of a command whose process ended between its claim and the network's answer nobody knows whether the network has it.
create or replace function command_timeout(c command) returns text language sql stable as $$
    select case
        when c.network is null then format('no reply within %s s', round(extract(epoch from c.expires_at - c.created_at)))
        when c.sent_at is null and c.queued_at is null then format('it is not known whether network %s has it', c.network)
        when c.sent_at is null
            then format('network %s has not sent it within %s s; it is still in its queue, which the hub cannot empty',
                        c.network, round(extract(epoch from c.expires_at - c.created_at)))
        else format('not acknowledged within %s s', round(extract(epoch from c.expires_at - c.created_at)))
    end
$$;
create index command_given_to_network on command (taken_at)
    where settled_at is null and queued_at is null and network is not null;
