-- name: notify
select pg_notify('ganzhi_alert', '')

-- name: release
-- Of each alert and consumer the newest that was kept back becomes pending, where the alert lasts, its handling has not
-- ended and the consumer was told of nothing newer.
with ended as (
    select o.id, o.alert_id, o.consumer_id, o.seq
    from silence s
    join outbox o on o.silence_id = s.id and o.state = 'silenced'
    where s.to_at <= now()
    limit %(limit)s
    for update of o skip locked
), judged as (
    select e.id,
           a.cleared_at is null and a.handling not in ('closed', 'false_alarm', 'merged') and not exists (
               select from outbox newer
               where newer.consumer_id = e.consumer_id and newer.alert_id = e.alert_id and newer.seq > e.seq
           ) as lasts
    from ended e
    join alert a on a.id = e.alert_id
)
update outbox o
set state = case when j.lasts then 'pending' else 'given_up' end,
    next_at = now(),
    created_at = case when j.lasts then clock_timestamp() else o.created_at end,
    settled_at = case when j.lasts then null else clock_timestamp() end,
    last_error = case when j.lasts then null else %(reason)s end,
    last_error_words = case when j.lasts then null else %(words)s::jsonb end
from judged j
where o.id = j.id
