-- name: incidents
-- By what the caller may see of each: alerts that he does not see are not counted, and do not tell of themselves.
select i.id, i.rule, i.made_at, v.state, v.lead, v.title, v.alerts, v.sources, v.began_at, v.last_at, v.region, v.lon, v.lat,
       v.metres, i.link, (array['blue', 'yellow', 'orange', 'red'])[v.level] as level,
       (array['blue', 'yellow', 'orange', 'red'])[v.peak_level] as peak_level,
       (select (array['blue', 'yellow', 'orange', 'red'])[f.floor] from alert_fused f where f.alert_id = v.lead) as raised_to
from incident i
cross join lateral (
    select count(*) as alerts, count(distinct coalesce(a.device_id::text, a.id::text)) as sources,
           min(a.opened_at) as began_at, max(a.opened_at) as last_at, max(a.peak_level) as peak_level,
           coalesce(max(a.level) filter (where l.lasts), max(a.level)) as level,
           case when bool_or(l.lasts) then 'active'
                when bool_or(a.handling not in ('closed', 'false_alarm', 'merged')) then 'cleared' else 'closed' end as state,
           (array_agg(a.id order by l.first))[1] as lead, (array_agg(a.title order by l.first))[1] as title,
           (array_agg(a.region order by l.first))[1] as region, (array_agg(l.lon order by l.first))[1] as lon,
           (array_agg(l.lat order by l.first))[1] as lat,
           111195 * sqrt(power((max(l.lon) - min(l.lon)) * cos(radians(avg(l.lat))), 2)
                         + power(max(l.lat) - min(l.lat), 2)) as metres
    from incident_member m
    join alert a on a.id = m.alert_id
    left join device d on d.id = a.device_id
    cross join lateral (
        select a.cleared_at is null and a.handling not in ('closed', 'false_alarm', 'merged') as lasts,
               coalesce(a.lon, d.lon) as lon, coalesce(a.lat, d.lat) as lat,
               row(a.id <> i.lead, a.cleared_at is not null, -a.level, a.opened_at, a.id) as first
    ) l
    where m.incident_id = i.id and m.separated_at is null
) v
where (%(id)s::uuid is null or i.id = %(id)s) and i.merged_into is null and v.alerts > 0
  and (not %(active)s or v.state = 'active')
  and (%(rule)s::text is null or i.rule = %(rule)s)
  and (%(after_made_at)s::timestamptz is null or i.made_at < %(after_made_at)s
       or (i.made_at = %(after_made_at)s and i.id > %(after_id)s))
order by i.made_at desc, i.id
limit %(limit)s

-- name: members
select a.id, a.title, a.state, (array['blue', 'yellow', 'orange', 'red'])[a.level] as level, d.code as device,
       d.name as device_name, coalesce(r.event_kind, a.event_kind) as event_kind, s.metric, a.opened_at, a.cleared_at,
       m.joined_at, coalesce(a.lon, d.lon) as lon, coalesce(a.lat, d.lat) as lat
from incident_member m
join alert a on a.id = m.alert_id
left join rule r on r.id = a.rule_id
left join device d on d.id = a.device_id
left join series s on s.id = a.series_id
where m.incident_id = %(id)s and m.separated_at is null
order by a.opened_at, a.id
limit %(limit)s

-- name: separate
update incident_member set separated_at = clock_timestamp() where alert_id = %(alert)s and separated_at is null
