-- Arrays go in binary: in text a thousand rows took psycopg 25 ms, so they take 3.
-- What belongs to a row of a batch is looked up one by one (lateral, offset 0): joined by hash, which a planner prefers for
-- some hundred rows, each statement read all devices and all series of a city for them.
-- name: lock
-- Held until the commit, which is to follow at once: cursors are drawn under it, so they rise in the order of commit.
select pg_advisory_xact_lock(hashtext('ganzhi.alert'))

-- name: known
-- Which of these changes were applied before.
select id from alert_change where id = any (%(ids)b::uuid[])

-- name: alerts
-- The alerts of these ids, and the active ones of these rules and targets, and of these targets of the hub's own.
select a.id, a.origin, a.rule_id, a.target, a.device_id, a.series_id, a.region, a.title, a.level, a.peak_level,
       a.handling, a.value, a.threshold, a.opened_at, a.cleared_at, a.changed_at, a.seq, a.event_kind, a.lon, a.lat,
       a.acknowledged_level, a.assignee, a.cause, a.shelved_until, a.merged_into, a.drill_id,
       a.check_result, a.rule_version, coalesce(d.organisation, a.organisation), coalesce(p.category, a.category),
       areas_of(coalesce(d.area_keys, a.area_keys)) as areas,
       exists (select from drill g where g.id = a.drill_id and g.over_at is not null) as drill_over,
       f.own_level, f.own_peak, f.floor, f.ceiling
from alert a
left join lateral (select d.* from device d where d.id = a.device_id offset 0) d on true
left join profile p on p.id = d.profile_id
left join alert_fused f on f.alert_id = a.id
where a.id in (
    select unnest(%(ids)b::uuid[])
    union all
    select same.id
    from unnest(%(rule_ids)b::int[], %(targets)b::text[]) as raised (rule_id, target)
    join alert same on same.rule_id = raised.rule_id and same.target = raised.target
    where same.cleared_at is null and same.handling not in ('closed', 'false_alarm', 'merged')
    union all
    select beside.id
    from alert named
    join alert beside on beside.rule_id = named.rule_id and beside.target = named.target
    where named.id = any (%(reopened)b::uuid[])
      and beside.cleared_at is null and beside.handling not in ('closed', 'false_alarm', 'merged')
    union all
    select own.id
    from alert own
    where own.target = any (%(own)b::text[]) and own.rule_id is null
      and own.cleared_at is null and own.handling not in ('closed', 'false_alarm', 'merged')
)
for update of a

-- name: homes
-- Of what is raised: the rule and the device, where both are there, where the device belongs, and whether it is tested.
select r.id, d.id, d.region, d.organisation, p.category, areas_of(d.area_keys), test.id, test.begins_at
from unnest(%(rule_ids)b::int[], %(device_ids)b::int[]) as raised (rule_id, device_id)
join rule r on r.id = raised.rule_id
cross join lateral (select d.* from device d where d.id = raised.device_id offset 0) d
join profile p on p.id = d.profile_id
left join lateral (
    select t.id, t.begins_at
    from drill_device m join drill t on t.id = m.drill_id
    where m.device_id = d.id and not m.over and t.begins_at <= clock_timestamp() and clock_timestamp() < t.ends_at
    offset 0
) test on true

-- name: places
-- Of what is raised without a rule: its device's place where it has one that is there, else its own.
select n.change_id, coalesce(d.region, n.region), coalesce(d.organisation, n.organisation),
       coalesce(p.category, n.category),
       areas_of(coalesce(d.area_keys, area_keys(n.organisation, n.region, n.lon, n.lat)))
from unnest(%(id)b::uuid[], %(device_id)b::int[], %(region)b::text[], %(organisation)b::text[], %(category)b::text[],
            %(lon)b::float8[], %(lat)b::float8[])
    as n (change_id, device_id, region, organisation, category, lon, lat)
left join lateral (select d.* from device d where d.id = n.device_id offset 0) d on true
left join profile p on p.id = d.profile_id
where n.device_id is null or d.id is not null

-- name: update
update alert a
set seq = n.seq, level = n.level, peak_level = n.peak_level, value = n.value, threshold = n.threshold, title = n.title,
    handling = n.handling, changed_at = n.changed_at, cleared_at = n.cleared_at,
    acknowledged_level = n.acknowledged_level, assignee = n.assignee, cause = n.cause, shelved_until = n.shelved_until,
    merged_into = n.merged_into, drill_id = n.drill_id, check_result = n.check_result, updated_at = clock_timestamp()
from unnest(
    %(id)b::uuid[], %(seq)b::int[], %(level)b::int2[], %(peak_level)b::int2[], %(value)b::float8[],
    %(threshold)b::float8[], %(title)b::text[], %(handling)b::text[], %(changed_at)b::timestamptz[],
    %(cleared_at)b::timestamptz[], %(acknowledged_level)b::int2[], %(assignee)b::uuid[], %(cause)b::text[],
    %(shelved_until)b::timestamptz[], %(merged_into)b::uuid[], %(drill_id)b::uuid[], %(check_result)b::text[]
) as n (id, seq, level, peak_level, value, threshold, title, handling, changed_at, cleared_at, acknowledged_level,
        assignee, cause, shelved_until, merged_into, drill_id, check_result)
where a.id = n.id

-- name: insert
-- What has a device belongs where that does; what has none, where it was said to be.
insert into alert (id, origin, rule_id, target, device_id, series_id, region, seq, level, peak_level, value, threshold,
                   title, handling, opened_at, changed_at, cleared_at, event_kind, lon, lat, acknowledged_level,
                   assignee, cause, shelved_until, merged_into, drill_id, rule_version, organisation, category,
                   area_keys)
select n.id, n.origin, n.rule_id, n.target, n.device_id, n.series_id, n.region, n.seq, n.level, n.peak_level, n.value,
       n.threshold, n.title, n.handling, n.opened_at, n.changed_at, n.cleared_at, n.event_kind, n.lon, n.lat,
       n.acknowledged_level, n.assignee, n.cause, n.shelved_until, n.merged_into, n.drill_id, n.rule_version,
       case when n.device_id is null then n.organisation end, case when n.device_id is null then n.category end,
       case when n.device_id is null then area_keys(n.organisation, n.region, n.lon, n.lat) else '{}' end
from unnest(
    %(id)b::uuid[], %(origin)b::text[], %(rule_id)b::int[], %(target)b::text[], %(device_id)b::int[], %(series_id)b::int[],
    %(region)b::text[], %(seq)b::int[], %(level)b::int2[], %(peak_level)b::int2[], %(value)b::float8[],
    %(threshold)b::float8[], %(title)b::text[], %(handling)b::text[], %(opened_at)b::timestamptz[],
    %(changed_at)b::timestamptz[], %(cleared_at)b::timestamptz[], %(event_kind)b::text[], %(lon)b::float8[],
    %(lat)b::float8[], %(acknowledged_level)b::int2[], %(assignee)b::uuid[], %(cause)b::text[],
    %(shelved_until)b::timestamptz[], %(merged_into)b::uuid[], %(drill_id)b::uuid[], %(rule_version)b::int[],
    %(organisation)b::text[], %(category)b::text[]
) as n (id, origin, rule_id, target, device_id, series_id, region, seq, level, peak_level, value, threshold, title,
        handling, opened_at, changed_at, cleared_at, event_kind, lon, lat, acknowledged_level, assignee, cause,
        shelved_until, merged_into, drill_id, rule_version, organisation, category)

-- name: hold
-- What fusion holds levels at.
insert into alert_fused as f (alert_id, own_level, own_peak, floor, ceiling)
select n.id, n.own_level, n.own_peak, n.floor, n.ceiling
from unnest(%(id)b::uuid[], %(own_level)b::int2[], %(own_peak)b::int2[], %(floor)b::int2[], %(ceiling)b::int2[])
    as n (id, own_level, own_peak, floor, ceiling)
on conflict (alert_id) do update
set own_level = excluded.own_level, own_peak = excluded.own_peak, floor = excluded.floor, ceiling = excluded.ceiling

-- name: prove
-- A test of a device that raised an alert; what comes of it stands with the alert.
insert into proof_test (alert_id, drill_id, device_id, event_kind, metric, at)
select n.alert_id, n.drill_id, n.device_id, r.event_kind, s.metric, n.at
from unnest(%(id)b::uuid[], %(drill_id)b::uuid[], %(rule_id)b::int[], %(device_id)b::int[], %(series_id)b::int[],
            %(opened_at)b::timestamptz[]) as n (alert_id, drill_id, rule_id, device_id, series_id, at)
join rule r on r.id = n.rule_id
left join series s on s.id = n.series_id

-- name: record
-- Each change with the picture of its alert after it. Identities are drawn after the sort: cursors rise in its order.
insert into alert_change (id, alert_id, seq, kind, actor, note, note_words, details, recipients, grouped, principal,
                          picture)
select n.change_id, a.id, n.seq, n.kind, n.actor, n.note, n.note_words::jsonb, n.details::jsonb, n.recipients::int[],
       n.grouped::int[], n.principal, jsonb_build_object(
        'alert', a.id, 'seq', n.seq, 'origin', a.origin, 'target', a.target, 'rule', r.code, 'rule_name', r.name,
        'rule_version', a.rule_version, 'guidance', v.guidance,
        'signal', case when a.series_id is not null then case when r.expression is null then r.signal else 'expression' end end,
        'device', d.code, 'device_name', d.name, 'metric', s.metric, 'event_kind', coalesce(r.event_kind, a.event_kind),
        'category', coalesce(p.category, a.category), 'region', a.region,
        'lon', coalesce(a.lon, d.lon), 'lat', coalesce(a.lat, d.lat),
        'organisation', coalesce(d.organisation, a.organisation), 'title', n.title,
        'level', (array['blue', 'yellow', 'orange', 'red'])[n.level],
        'peak_level', (array['blue', 'yellow', 'orange', 'red'])[n.peak_level],
        'state', n.state, 'condition', n.condition, 'handling', n.handling, 'cause', n.cause,
        'assignee', n.assignee, 'shelved_until', n.shelved_until, 'merged_into', n.merged_into,
        'drill', n.drill_id is not null, 'incident', m.incident_id,
        'value', n.value, 'threshold', n.threshold,
        'opened_at', a.opened_at, 'cleared_at', n.cleared_at, 'changed_at', n.changed_at, 'raised_at', a.raised_at)
from unnest(
    %(change_id)b::uuid[], %(id)b::uuid[], %(seq)b::int[], %(kind)b::text[], %(actor)b::text[], %(note)b::text[],
    %(note_words)b::text[], %(details)b::text[], %(recipients)b::text[], %(grouped)b::text[],
    %(principal)b::uuid[], %(cause)b::text[], %(assignee)b::uuid[], %(shelved_until)b::timestamptz[],
    %(merged_into)b::uuid[], %(drill_id)b::uuid[],
    %(level)b::int2[], %(peak_level)b::int2[], %(value)b::float8[], %(threshold)b::float8[], %(title)b::text[],
    %(state)b::text[], %(condition)b::text[], %(handling)b::text[], %(changed_at)b::timestamptz[],
    %(cleared_at)b::timestamptz[]
) with ordinality as n (change_id, id, seq, kind, actor, note, note_words, details, recipients, grouped, principal, cause,
                        assignee, shelved_until, merged_into, drill_id, level, peak_level, value, threshold, title, state, condition, handling, changed_at, cleared_at,
                        place)
cross join lateral (select a.* from alert a where a.id = n.id offset 0) a
left join rule r on r.id = a.rule_id
left join lateral (
    select v.body -> 'guidance' as guidance from rule_version v
    where v.rule_id = a.rule_id and v.version = a.rule_version offset 0
) v on true
left join lateral (select d.* from device d where d.id = a.device_id offset 0) d on true
left join profile p on p.id = d.profile_id
left join lateral (select s.metric from series s where s.id = a.series_id offset 0) s on true
left join incident_member m on m.alert_id = a.id and m.separated_at is null
order by n.place

-- name: deliver
-- Joined and locked: a consumer that is deleted at this moment is left out, instead of failing the batch. One that follows
-- the log (api/push/follower.py) finds itself among the recipients there.
insert into outbox (change_id, alert_id, seq, consumer_id, why, silence_id, quiet_until, inhibited_by, state)
select n.change_id, n.alert_id, n.seq, n.consumer_id, n.why, n.silence_id, n.quiet_until, n.inhibited_by,
       case when n.silence_id is not null then 'silenced' when n.inhibited_by is not null then 'inhibited'
            when n.quiet_until is not null then 'quiet' else 'pending' end
from unnest(%(change_id)b::uuid[], %(alert_id)b::uuid[], %(seq)b::int[], %(consumer_id)b::int[], %(why)b::text[],
            %(silence_id)b::uuid[], %(quiet_until)b::timestamptz[], %(inhibited_by)b::uuid[])
    with ordinality as n (change_id, alert_id, seq, consumer_id, why, silence_id, quiet_until, inhibited_by,
                          place)
join consumer c on c.id = n.consumer_id
where c.kind not in ('kafka', 'mqtt')
order by n.place
for key share of c

-- name: told
-- Who was told of these alerts, and not only kept from it; most know it from their first change.
insert into alert_told as t (alert_id, consumers)
select n.alert_id, n.consumers::int[]
from unnest(%(alerts)b::uuid[], %(consumers)b::text[]) as n (alert_id, consumers)
left join lateral (select t.consumers from alert_told t where t.alert_id = n.alert_id offset 0) known on true
where known.consumers is null or not known.consumers @> n.consumers::int[]
on conflict (alert_id) do update
set consumers = array(select distinct id from unnest(t.consumers || excluded.consumers) as id order by id)

-- name: followers
-- Those of these consumers that follow the log: nothing is kept back there.
select id from consumer where id = any (%(ids)b::int[]) and kind in ('kafka', 'mqtt')

-- name: ended
insert into alert_ending (change_id) select unnest(%(change_ids)b::uuid[])

-- name: notify
select pg_notify('ganzhi_alert', '')
