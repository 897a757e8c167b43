-- The lock that alert_apply takes, taken before the state is read, so a step is checked against what it changes.
select pg_advisory_xact_lock(hashtext('ganzhi.alert'))
