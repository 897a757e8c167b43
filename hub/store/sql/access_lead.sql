select pg_try_advisory_lock(hashtext('ganzhi.broker_access'))
