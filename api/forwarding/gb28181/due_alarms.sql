-- name: waiting
select 1 from forward_report
where target_id = %(target)s and acknowledged_at is null and next_at <= clock_timestamp()
  and id <> all (%(under_way)s::bigint[])
limit 1

-- name: not_granted
-- Whose device is not granted any more, or is no channel: they are not told.
delete from forward_report r
where r.target_id = %(target)s and r.acknowledged_at is null and not exists (
    select from forward_grant g where g.target_id = r.target_id and g.device_id = r.device_id and g.channel is not null)

-- name: unnumbered
-- Of the oldest that are due and were never told, those without a number.
select id from (
    select id, request_number from forward_report
    where target_id = %(target)s and acknowledged_at is null and attempts = 0 and next_at <= clock_timestamp()
      and id <> all (%(under_way)s::bigint[])
    order by id limit %(fresh)s) oldest
where request_number is null
order by id

-- name: due
-- What is told again has room of its own: it holds up nothing new.
with waiting as (
    select r.id, g.channel, r.ts, r.measured, r.request_number, r.attempts, g.category, g.ceiling
    from forward_report r
    join forward_grant g on g.target_id = r.target_id and g.device_id = r.device_id
    where r.target_id = %(target)s and r.acknowledged_at is null and r.request_number is not null
      and r.next_at <= clock_timestamp() and r.id <> all (%(under_way)s::bigint[])
)
(select * from waiting where attempts = 0 order by id limit %(fresh)s)
union all
(select * from waiting where attempts > 0 order by id limit %(again)s)

-- name: forget
delete from forward_report where id = any (%(ids)s)

-- name: at_once
update forward_report set next_at = clock_timestamp()
where target_id = %(target)s and acknowledged_at is null and next_at > clock_timestamp()
  and (%(ids)s::bigint[] is null or id = any (%(ids)s::bigint[]))
