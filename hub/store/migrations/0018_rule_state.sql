-- What the rules must find again after a restart.

-- The newest event of a kind at each device, however old it is: what is older and comes later changes nothing.
create index on event (kind, device_id, ts desc);

-- Which series have newer readings than the table latest, noted by each commit and gone once they are flushed.
create table latest_note (
    writer uuid not null,      -- of a process
    number bigint not null,
    series bytea not null,     -- ids, as hub/store/latest.py packs them
    primary key (writer, number)
);
alter table latest_note alter column series set storage external;
comment on table latest_note is 'Series whose newest reading may not be in latest yet, by commit';

-- Batches without messages that were committed for a partition: they move no offset, and two readers must not both
-- commit one from the same state.
alter table kafka_offset add column timers bigint not null default 0;
