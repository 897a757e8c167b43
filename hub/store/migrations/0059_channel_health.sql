-- Channels watch themselves: since when a consumer takes nothing, when it last did, and what it is sent to prove it.
alter table consumer
    add column heartbeat_s int check (heartbeat_s between 30 and 86400),
    add column heartbeat_due timestamptz,
    add column prove_within_h int not null default 24 check (prove_within_h between 0 and 8760),
    add column prove_at text[],
    add column prove_due timestamptz,
    add column watched_since timestamptz not null default now(),
    add column proven_at timestamptz,
    add column failing_since timestamptz,
    add column degraded_at timestamptz;
update consumer set prove_within_h = 0 where kind = 'http';
comment on column consumer.heartbeat_s is 'How often it gets a heartbeat; null: never';
comment on column consumer.prove_within_h is 'Within so many hours it is to accept something; 0: it need not';
comment on column consumer.prove_at is 'At which local times it gets a proof that it can be reached; null: those of its kind';
comment on column consumer.prove_due is 'The next of these times; null: not worked out yet';
comment on column consumer.watched_since is 'Since when it is switched on: nothing can be expected of it before';
comment on column consumer.proven_at is 'When it last accepted something, give or take 30 s';
comment on column consumer.failing_since is 'Since when it accepts nothing; null: the last attempt was accepted';
comment on column consumer.degraded_at is 'From then on it counts as degraded, unless it accepts something before';
