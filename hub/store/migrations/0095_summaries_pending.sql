-- Who waits for a summary, of which there are few at any time: each claim of deliveries asks.
create index outbox_summary_pending on outbox (consumer_id) where until_cursor is not null and state = 'pending';
