-- Held while the broker is told of an account that is not committed yet, so that nobody takes it for a stray.
-- Five seconds: behind a clearing up of thousands of accounts a request does not wait for ever.
select set_config('lock_timeout', '5s', true), pg_advisory_xact_lock_shared(hashtext('ganzhi.access'))
