-- The highest level of data that a consumer is sent (hub/access/classification.py). L4 is all that is general, as before.
alter table consumer
    add column ceiling text not null default 'L4' check (ceiling in ('L1', 'L2', 'L3', 'L4', 'important', 'core'));
comment on column consumer.ceiling is 'The highest level of data after GB/T 43697 that it is sent';

-- Deleting a change of an alert asks for its deliveries.
create index on outbox (change_id);
