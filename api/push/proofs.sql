-- name: proven
-- Written at most twice a minute, so that those delivering at the same time do not wait for each other.
-- What was to be tried again soon, since it failed, is worked out anew.
update consumer
set proven_at = clock_timestamp(), prove_due = case when failing_since is null then prove_due end,
    failing_since = null, degraded_at = null
where id = %(consumer_id)s
  and (failing_since is not null or proven_at is null or proven_at < now() - interval '30 seconds')

-- name: failing
-- Written when it begins, and when it becomes worse.
update consumer
set failing_since = coalesce(failing_since, clock_timestamp()),
    degraded_at = least(degraded_at, clock_timestamp() + make_interval(secs => %(grace_s)s))
where id = %(consumer_id)s
  and (degraded_at is null or degraded_at > clock_timestamp() + make_interval(secs => %(grace_s)s))
