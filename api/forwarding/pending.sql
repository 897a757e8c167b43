-- name: unnumbered
-- Of the oldest that are due, those that were never sent.
select id from (
    select id, request_number from forward_report
    where target_id = %(target)s and acknowledged_at is null and next_at <= clock_timestamp()
    order by id limit %(most)s) oldest
where request_number is null
order by id

-- name: number
-- Later than any number before, also where the clock was set back.
with last as (
    update forward_position set request_number = greatest(request_number, %(now)s) + cardinality(%(ids)s::bigint[])
    where target_id = %(target)s
    returning request_number - cardinality(%(ids)s::bigint[]) as before
)
update forward_report r set request_number = last.before + n.place
from last, unnest(%(ids)s::bigint[]) with ordinality as n (id, place)
where r.id = n.id

-- name: due
select r.id, d.code as device, coalesce(a.address, d.code) as device_number, d.zone, r.ts, r.command, r.station_kind,
       r.packet, r.original, r.measured, r.request_number
from forward_report r
join device d on d.id = r.device_id
left join lateral (
    select address from device_address where device_id = d.id and scheme = 'hj212' order by address limit 1) a on true
where r.target_id = %(target)s and r.acknowledged_at is null and r.request_number is not null
  and r.next_at <= clock_timestamp()
order by r.id
limit %(most)s

-- name: acknowledged
with done as (
    update forward_report set acknowledged_at = clock_timestamp()
    where id = any (%(ids)s) and acknowledged_at is null
    returning ts
)
update forward_position
set acknowledged = acknowledged + (select count(*) from done),
    newest = greatest(newest, (select max(ts) from done)), moved_at = clock_timestamp(),
    failing_since = null, last_error = null, last_error_words = null
where target_id = %(target)s

-- name: put_off
update forward_report
set attempts = attempts + 1,
    next_at = clock_timestamp() + least(interval '1 hour', %(seconds)s::float8 * interval '1 second' * power(2, least(attempts, 10)))
where id = any (%(ids)s)

-- name: failed
update forward_position
set failing_since = coalesce(failing_since, clock_timestamp()), last_error = %(reason)s, last_error_words = %(words)s
where target_id = %(target)s

-- name: targets
select id, code, kind, host, port, number, station_kind, password, at_once
from forward_target where enabled and kind = any (%(kinds)s) order by id
