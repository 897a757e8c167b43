-- What is known of one device beside its messages: one row, none for a code that is not registered.
select d.id, d.code, d.name, d.state, d.created_at, d.zone,
       p.code as profile, p.name as profile_name, p.interval_s, p.offline_after_s, p.max_future_s,
       p.metrics, p.events, p.unknown_metrics, p.mapping,
       seen.seen_at, seen.clock_offset_s, health.online, health.since, health.cause,
       work.from_at as work_from, work.to_at as work_to, work.note as work_note,
       yesterday.expected, yesterday.received,
       (select received_at from event where device_id = d.id order by ts desc limit 1) as event_at,
       parent.code as parent, parent.state as parent_state, parent_health.online as parent_online,
       parent_seen.seen_at as parent_seen_at
from device d
join profile p on p.id = d.profile_id
left join device_seen seen on seen.device_id = d.id
left join device_health health on health.device_id = d.id
left join lateral (
    select from_at, to_at, note from maintenance
    where device_id = d.id and from_at <= %(now)s and to_at > %(now)s
    order by to_at desc limit 1
) work on true
left join completeness yesterday
    on yesterday.device_id = d.id and yesterday.day = (%(now)s::timestamptz at time zone d.zone)::date - 1
left join device parent on parent.id = d.parent_id
left join device_health parent_health on parent_health.device_id = parent.id
left join device_seen parent_seen on parent_seen.device_id = parent.id
where d.code = %(code)s
