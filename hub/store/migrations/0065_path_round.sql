-- The hub's own rounds along the path of alerts: how far the newest came, and when one was complete.
create table path_round (
    one boolean primary key default true check (one),
    id uuid,
    begun_at timestamptz,
    published_at timestamptz,
    received_at timestamptz,
    applied_at timestamptz,
    delivered_at timestamptz,
    complete_at timestamptz,
    took_ms int,
    broken_at timestamptz,
    reached text check (reached in ('begun', 'published', 'applied')),
    called_at timestamptz,
    call_error text
);
comment on table path_round is 'How far the newest of the hub''s own rounds came along the path of alerts';
comment on column path_round.received_at is 'By the clock of the process that took it from the broker';
comment on column path_round.complete_at is 'When a round was complete last';
comment on column path_round.took_ms is 'How long that one took, from its publication to its delivery';
comment on column path_round.broken_at is 'Since when no round is complete; null: the newest was, or is on its way';
comment on column path_round.reached is 'The link that the round reached last when the path was found broken';
comment on column path_round.called_at is 'When the outside dead-man answered last';
comment on column path_round.call_error is 'Why it did not answer since then';
