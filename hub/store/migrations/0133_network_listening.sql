-- Brokers of networks: whether each is heard, how long its pauses are, and who is heard through it.
create table network_listening (
    name text primary key,
    protocol text not null,
    scheme text not null,
    reader text not null,
    rhythm_s float8 check (rhythm_s > 0),
    at timestamptz not null default clock_timestamp(),
    away_since timestamptz,
    connected_at timestamptz,
    heard_at timestamptz,
    messages bigint not null default 0,
    day date not null default current_date,
    longest_s float8 not null default 0,
    longest_before_s float8 not null default 0,
    back_at timestamptz
);
comment on table network_listening is 'How the brokers of networks are heard';
comment on column network_listening.scheme is 'Of the addresses by which the network calls devices';
comment on column network_listening.reader is 'Whose settings name it';
comment on column network_listening.rhythm_s is 'How often something comes at least; null: it is learned';
comment on column network_listening.at is 'When its reader noted this';
comment on column network_listening.away_since is 'Since when there is no connection; null: there is one';
comment on column network_listening.longest_s is 'Seconds of the longest pause of `day` between two messages';
comment on column network_listening.longest_before_s is 'The same of the days before, fading';
comment on column network_listening.back_at is 'When it was heard again after an outage or a silence';

create function network_limit(network_listening) returns float8 language sql stable as $$
    select push_limit($1.rhythm_s, $1.longest_s, $1.longest_before_s, $1.messages)
$$;
comment on function network_limit is 'Seconds after which a network is silent; null: it is not known yet';

create function network_state(network_listening, since timestamptz) returns text language sql stable as $$
    select case
        when $1.at < clock_timestamp() - interval '1 minute' then 'unknown'
        when $1.away_since < clock_timestamp() - interval '10 s' then 'away'
        when $1.away_since is null and clock_timestamp() - greatest($1.heard_at, $1.connected_at, since)
            > make_interval(secs => network_limit($1)) then 'silent'
        else 'heard' end
$$;
comment on function network_state is 'away, silent (since `since` at most), heard; unknown while nobody reads it';

create table network_sender (
    network text not null references network_listening on delete cascade,
    address text not null,
    primary key (network, address)
);
comment on table network_sender is 'Who was heard through the broker of a network';
