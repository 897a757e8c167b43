-- name: alerts
-- What is open of a device; the partial index over active alerts bounds the work.
select (array['blue', 'yellow', 'orange', 'red'])[level] as level, title, opened_at
from alert
where device_id = %(id)s and cleared_at is null and handling not in ('closed', 'false_alarm', 'merged')
order by level desc, opened_at
limit 5

-- name: credentials
select kind, username, revoked_at from credential where device_id = %(id)s order by id desc limit 20

-- name: device
-- What is known of one device beside its messages: one row, none for a code that is not registered.
select d.id, d.code, d.name, d.state, d.created_at, d.zone,
       p.code as profile, p.name as profile_name, p.interval_s, p.offline_after_s, p.max_future_s,
       p.metrics, p.events, p.unknown_metrics, p.mapping,
       seen.seen_at, seen.clock_offset_s, health.online, health.since, health.cause,
       work.from_at as work_from, work.to_at as work_to, work.note as work_note,
       yesterday.expected, yesterday.received,
       flood.since as flood_since, flood.last_at as flood_last_at, flood.refused as flood_refused,
       case when flood.disabled_at is not null then flood.disabled_until end as flood_until,
       no_news.retained as no_news_retained, no_news.empty as no_news_empty,
       no_news.address as no_news_address, no_news.last_at as no_news_at,
       (select received_at from event where device_id = d.id order by ts desc limit 1) as event_at,
       (select to_jsonb(l) from device_link l where l.device_id = d.id) as link,
       (select to_jsonb(s) from session s where s.device_id = d.id) as session,
       (select to_jsonb(r) from sip_registration r
        where r.id in (select d.code union all
                       select a.address from device_address a where a.scheme = 'gb28181' and a.device_id = d.id)
        order by r.expires_at desc limit 1) as registration,
       (select to_jsonb(g) || jsonb_build_object('count', count(*) over ()) from push_gap g
        where g.device_id = d.id and g.to_at > %(now)s::timestamptz - interval '7 days'
        order by g.to_at desc limit 1) as gap,
       array(select c.kind from camera_connection c where c.device_id = d.id order by c.kind) as cameras,
       array(select distinct a.scheme from device_address a where a.device_id = d.id order by a.scheme) as schemes,
       said.events_of_day, said.untimed_events, coalesce(unused.names, '{}') as unused,
       line.code as line, polled.address as line_address, polled.line_id = d.id as is_line,
       of_line.ended_at as line_ended_at, polled.asked, polled.answered,
       coalesce((polled.complaints ->> 'checksum')::int, 0) as wrong_sums, polled.complaint, polled.silent_since,
       polled.exception, polled.registers,
       parent.code as parent, parent.state as parent_state, parent_health.online as parent_online,
       parent_seen.seen_at as parent_seen_at
from device d
join profile p on p.id = d.profile_id
left join device_seen seen on seen.device_id = d.id
left join device_health health on health.device_id = d.id
cross join lateral (
    select count(*) as events_of_day, count(*) filter (where ts = received_at) as untimed_events
    from (
        select ts, received_at from event
        where device_id = d.id and ts > %(now)s::timestamptz - interval '1 day'
        order by ts desc limit 1000
    ) newest
) said
cross join lateral (
    select array_agg(name order by first_at, name) as names from device_unused
    where device_id = d.id and last_at > %(now)s::timestamptz - interval '1 day'
) unused
left join lateral (
    select from_at, to_at, note from maintained
    where device_id = d.id and from_at <= %(now)s and to_at > %(now)s
    order by to_at desc limit 1
) work on true
left join completeness yesterday
    on yesterday.device_id = d.id and yesterday.day = (%(now)s::timestamptz at time zone d.zone)::date - 1
left join device_flood flood on flood.device_id = d.id and flood.last_at > %(now)s::timestamptz - interval '7 days'
left join device_no_news no_news
    on no_news.device_id = d.id and no_news.last_at > %(now)s::timestamptz - interval '7 days'
left join poll_state polled on polled.device_id = d.id
left join device line on line.id = polled.line_id
left join poll_state of_line on of_line.device_id = polled.line_id
left join device parent on parent.id = d.parent_id
left join device_health parent_health on parent_health.device_id = parent.id
left join device_seen parent_seen on parent_seen.device_id = parent.id
where d.code = %(code)s

-- name: metrics
-- Each series of a device: its newest reading, and its newest 1,000 of the last day (a bound on the work).
-- `latest` is written a moment after `reading`: what has just come is looked up in `reading` itself.
select s.metric, p.metrics -> s.metric as spec, p.metrics ? s.metric as in_profile,
       newest.ts as newest_at, newest.value, coalesce(newest.quality, 0) as quality, known.watermark, known.top,
       day.of_day, day.of_hour, day.first_of_hour, day.late, day.out_of_range, day.untimed
from series s
join device d on d.id = s.device_id
join profile p on p.id = d.profile_id
left join latest known on known.series_id = s.id
left join lateral (
    select ts, value, quality from (
        select ts, value, quality from latest where series_id = s.id
        union all
        (select ts, value, quality from reading
         where series_id = s.id and known.top is null
           and ts > %(now)s::timestamptz - interval '1 day' and ts < %(now)s::timestamptz + interval '1 day'
         order by ts desc limit 1)
    ) either
    order by ts desc limit 1
) newest on true
cross join lateral (
    select count(*) as of_day,
           count(*) filter (where ts > %(now)s::timestamptz - interval '1 hour') as of_hour,
           min(ts) filter (where ts > %(now)s::timestamptz - interval '1 hour') as first_of_hour,
           count(*) filter (where r.quality & 1 <> 0) as late,
           count(*) filter (where r.quality & 2 <> 0) as out_of_range,
           count(*) filter (where r.quality & 4 <> 0) as untimed
    from (
        select ts, quality from reading
        where series_id = s.id
          and ts > %(now)s::timestamptz - interval '1 day' and ts < %(now)s::timestamptz + interval '1 day'
        order by ts desc limit 1000
    ) r
) day
where s.device_id = %(id)s and (p.metrics ? s.metric or newest.ts is not null)
order by s.id
limit 100

-- name: nameless
-- The newest dead letters of the last week whose topic names no device.
select address, reason, received_at
from dead_letter
where device is null and received_at > %(now)s::timestamptz - interval '7 days'
order by received_at desc
limit 200

-- name: near
-- Registered codes of a list, and the neighbours of a code in the order of codes: candidates for what was meant.
select code, name, state from device where code = any (%(codes)s::text[])
union
select code, name, state from (
    select code, name, state from device where code > %(code)s order by code limit 20
) after
union
select code, name, state from (
    select code, name, state from device where code < %(code)s order by code desc limit 20
) before

-- name: refusals
-- The newest dead letters of a code, with the beginning of what came.
select id, received_at, transport, address, reason, detail, detail_words, at,
       substring(payload from 1 for 16384) as payload, payload_size
from dead_letter
where device = %(code)s
order by received_at desc
limit 20

-- name: strays
-- Messages of the last week that came under codes of a list, none of which is registered; at most 100 are counted each.
select v.code, l.n, l.last_at, l.address
from unnest(%(codes)s::text[]) v (code)
cross join lateral (
    select count(*) as n, max(received_at) as last_at, (array_agg(address order by received_at desc))[1] as address
    from (
        select received_at, address from dead_letter
        where device = v.code and reason = 'unknown_device' and received_at > %(now)s::timestamptz - interval '7 days'
        order by received_at desc limit 100
    ) newest
) l
where l.n > 0 and not exists (select from device d where d.code = v.code)

-- name: unknown
-- Codes that are not registered among the newest 2,000 dead letters of the last day.
select device as code
from (
    select device, reason from dead_letter
    where received_at > %(now)s::timestamptz - interval '1 day'
    order by received_at desc limit 2000
) newest
where reason = 'unknown_device' and device is not null and not exists (select from device d where d.code = newest.device)
group by device
