-- Writers of profiles and devices take turns: they are rare, and checks made in a transaction stay true in it.
select pg_advisory_xact_lock(hashtext('ganzhi.registry'))
