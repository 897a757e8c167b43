-- Dead letters: replayed, counted where a storm of them is only sampled, and expired.

alter table dead_letter
    add column replays int not null default 0,
    add column replayed_at timestamptz;

-- How many messages were refused in a minute of the hub's clock: stored as letters, and dropped above the limit.
create table dead_letter_count (
    minute timestamptz not null,
    reason text not null,
    transport text not null,
    stored bigint not null,
    dropped bigint not null,
    primary key (minute, reason, transport)
);

-- The last batch that each process has counted: a commit that is tried again does not count twice.
create table dead_letter_turn (
    writer uuid primary key,
    seq bigint not null,
    at timestamptz not null default now()
);
