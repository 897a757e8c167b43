-- A claim takes the first of each consumer, by when they are due and then by id. Without the id in the index it read and sorted
-- all that was due of each: with 100 consumers, and 100 waiting for each, 10,000 rows a claim instead of some hundreds.
drop index outbox_due;
create index outbox_due on outbox (consumer_id, next_at, id) where state = 'pending';
