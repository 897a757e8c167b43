-- name: health
select d.id, d.code as device, d.state, h.online, h.since, h.cause, s.seen_at, s.clock_offset_s,
       t.online as says_online, nullif(t.at, 'epoch') as says_since,
       coalesce(p.offline_after_s, case when p.interval_s > 0 then greatest(3 * p.interval_s, %(least_s)s) end)
           as offline_after_s,
       exists (select from maintained m where m.device_id = d.id and m.from_at <= now() and m.to_at > now())
           as maintained
from device d
join profile p on p.id = d.profile_id
left join device_health h on h.device_id = d.id
left join device_seen s on s.device_id = d.id
left join device_status t on t.device_id = d.id
where d.code = %(device)s

-- name: health_days
select day, expected, received from completeness where device_id = %(id)s order by day desc limit 14

-- name: health_history
select at, online, cause from device_online where device_id = %(id)s order by at desc limit 100

-- name: health_summary
select p.code as profile, p.name,
       count(*) filter (where h.online) as online,
       count(*) filter (where not h.online) as offline,
       count(*) filter (where h.online is null) as unknown
from device d
join profile p on p.id = d.profile_id
left join device_health h on h.device_id = d.id
where d.state = 'active'
group by p.id
order by p.code
