-- name: truth
-- What a city's ground truth says; loaded by COPY, gone with the session.
create temp table truth_reading (device text not null, metric text not null, ts_us bigint, value float8 not null);
create temp table truth_given_up (like truth_reading including all);
create temp table truth_event (device text not null, id text not null, kind text not null, state text, ts_us bigint not null);

-- name: truth_events
copy truth_event (device, id, kind, state, ts_us) from stdin (format csv, header true)

-- name: truth_given_up
copy truth_given_up (device, metric, ts_us, value) from stdin (format csv, header true)

-- name: truth_readings
copy truth_reading (device, metric, ts_us, value) from stdin (format csv, header true)

-- name: verdict
-- Holds the store against the truth, value for value, from the start of a run (microseconds) on.
-- A reading without a time of its own may have any: in its series, equal values are counted against each other.
-- What was given up without an answer may be stored, or not: at its time and with its value it is left out.
with span as (
    select timestamptz 'epoch' + %(started)s::bigint * interval '1 microsecond' as start
), devices as (
    select d.id, d.code from device d
    where d.code in (select device from truth_reading union select device from truth_event)
), truth as materialized (
    select s.id as series_id, timestamptz 'epoch' + t.ts_us * interval '1 microsecond' as ts, t.value
    from truth_reading t
    left join devices d on d.code = t.device
    left join series s on s.device_id = d.id and s.metric = t.metric
), stored as materialized (
    select r.series_id, r.ts, r.value
    from reading r join series s on s.id = r.series_id join devices d on d.id = s.device_id, span
    where r.ts >= span.start and not exists (
        select from truth_given_up g
        where g.device = d.code and g.metric = s.metric and g.value = r.value
          and timestamptz 'epoch' + g.ts_us * interval '1 microsecond' = r.ts)
), timed as (
    select count(*) as n from truth t join stored r using (series_id, ts) where r.value = t.value
), timeless as (
    select count(*) as n
    from (select series_id, value, row_number() over (partition by series_id, value) as nth
          from truth where ts is null) t
    join (select series_id, value, row_number() over (partition by series_id, value) as nth
          from stored where series_id in (select series_id from truth where ts is null)) r using (series_id, value, nth)
), happened as (
    select device, kind, state, timestamptz 'epoch' + ts_us * interval '1 microsecond' as ts, count(*) as n
    from truth_event group by 1, 2, 3, 4
), kept as (
    select d.code as device, e.kind, e.state, e.ts, count(*) as n
    from event e join devices d on d.id = e.device_id, span
    where e.ts >= span.start group by 1, 2, 3, 4
), events as (
    select coalesce(sum(least(h.n, k.n)), 0)::bigint as n
    from happened h join kept k on k.device = h.device and k.kind = h.kind and k.ts = h.ts
        and k.state is not distinct from h.state
)
select (select count(*) from truth_reading) as truth_readings,
       (select count(*) from truth_event) as truth_events,
       (select count(*) from stored) as stored_readings,
       (select coalesce(sum(n), 0)::bigint from kept) as stored_events,
       (select n from timed) + (select n from timeless) as right_readings,
       (select n from events) as right_events,
       (select count(*) from reading r join series s on s.id = r.series_id join device d on d.id = s.device_id, span
        where d.code = any(%(with_past)s) and r.ts < span.start) as past_stored,
       (select count(distinct d.id) from reading r join series s on s.id = r.series_id join device d on d.id = s.device_id, span
        where d.code = any(%(slaves)s) and r.ts >= span.start) as slaves_read,
       (select count(*) from dead_letter, span where received_at >= span.start) as rejected,
       (select count(*) from alert a join devices d on d.id = a.device_id, span where a.raised_at >= span.start) as alerts_raised,
       (select count(*) from outbox where state = 'pending') as deliveries_pending
