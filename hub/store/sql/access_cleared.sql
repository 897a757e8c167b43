select pg_advisory_unlock(hashtext('ganzhi.access'))
