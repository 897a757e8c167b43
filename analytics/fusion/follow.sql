-- name: rules
select code, kinds, metrics, anchors, link, radius_m, within_s, sources, share, raise_to, raise_sources, lower_to,
       consequences
from fusion_rule where enabled order by code

-- name: rules_changed
select coalesce(max(changed_at), 'epoch')::text || ' ' || count(*) from fusion_rule

-- name: position
select cursor from fusion_position for update

-- name: move
update fusion_position set cursor = %(cursor)s

-- name: next_changes
-- The alerts that the next changes are of, as they are now, the oldest first. Cursors rise in the order of commit. Drills
-- and what the hub says of itself are none's finding; a person's report is.
with upcoming as materialized (
    select cursor, alert_id from alert_change where cursor > %(after)s order by cursor limit %(limit)s
)
select (select max(cursor) from upcoming), (select count(*) from upcoming),
       array(select distinct alert_id from upcoming)

-- name: findings
-- Of these alerts; null: of all that were raised since and that the position is past. A metric finds something where it is
-- high: that it is low, came late or is unusual may as well be a fault of the thing that measures.
select a.id, coalesce(d.code, a.id::text), coalesce(r.event_kind, a.event_kind, s.metric, ''),
       coalesce(r.event_kind, a.event_kind) is null and s.metric is not null,
       (extract(epoch from least(a.opened_at, a.raised_at)) * 1000000)::bigint, coalesce(a.lon, d.lon, 'NaN'), coalesce(a.lat, d.lat, 'NaN'),
       coalesce(d.parent_id, a.device_id), a.level,
       a.cleared_at is null and a.handling not in ('closed', 'false_alarm', 'merged'), m.incident_id,
       (select count(*) from alert_change c where c.alert_id = a.id and c.kind = 'reopened'), r.expression, p.category, a.handling = 'false_alarm' or m.separated_at is not null
from alert a
left join rule r on r.id = a.rule_id
left join profile p on p.id = r.profile_id
left join device d on d.id = a.device_id
left join series s on s.id = a.series_id
left join incident_member m on m.alert_id = a.id
where a.drill_id is null and a.origin <> 'hub'
  and (s.metric is null or r.signal = 'value' and r.direction = 'above')
  and case when %(ids)s::uuid[] is not null then a.id = any (%(ids)s::uuid[])
           else a.raised_at >= %(since)s
                and exists (select from alert_change c where c.alert_id = a.id and c.cursor <= %(after)s) end
order by a.opened_at, a.id

-- name: incidents
select id, rule, lead from incident where id = any (%(ids)s::uuid[])

-- name: members
select alert_id from incident_member where incident_id = any (%(ids)s::uuid[]) and separated_at is null

-- name: raised
-- Of these alerts those whose level is held by fusion.
select alert_id from alert_fused where floor is not null and alert_id = any (%(ids)s::uuid[])

-- name: sizes
select parent_id, count(*) from device where parent_id = any (%(hubs)s::int[]) and state = 'active' group by parent_id

-- name: put
insert into incident as i (id, rule, lead, link, within_s, radius_m, parent_id, lon, lat, reach_m, first_at, consequences)
values (%(id)s, %(rule)s, %(lead)s, %(link)s, %(within_s)s, %(radius_m)s, %(parent_id)s, %(lon)s, %(lat)s, %(reach_m)s,
        %(first_at)s, %(consequences)s)
on conflict (id) do update
set lead = excluded.lead, lon = excluded.lon, lat = excluded.lat, reach_m = excluded.reach_m,
    first_at = least(i.first_at, excluded.first_at)

-- name: join
-- What a person took out joins none any more.
insert into incident_member as m (alert_id, incident_id)
select alert_id, incident_id from unnest(%(alerts)s::uuid[], %(incidents)s::uuid[]) as n (alert_id, incident_id)
on conflict (alert_id) do update set incident_id = excluded.incident_id, joined_at = clock_timestamp()
where m.separated_at is null
returning alert_id

-- name: absorb
update incident set merged_into = %(into)s where id = any (%(ids)s::uuid[])
