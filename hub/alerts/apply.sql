-- Arrays go in binary: in text a thousand rows took psycopg 25 ms, so they take 3.
-- name: lock
-- Held until the commit, which is to follow at once: cursors are drawn under it, so they rise in the order of commit.
select pg_advisory_xact_lock(hashtext('ganzhi.alert'))

-- name: known
-- Which of these changes were applied before.
select id from alert_change where id = any (%(ids)b::uuid[])

-- name: alerts
-- The alerts of these ids, and the active ones of these rules and targets.
select a.id, a.rule_id, a.target, a.device_id, a.series_id, a.region, a.title, a.level, a.peak_level, a.handling,
       a.value, a.threshold, a.opened_at, a.cleared_at, a.changed_at, a.seq, d.organisation, p.category,
       areas_of(d.area_keys) as areas
from alert a
join device d on d.id = a.device_id
join profile p on p.id = d.profile_id
where a.id in (
    select unnest(%(ids)b::uuid[])
    union all
    select same.id
    from unnest(%(rule_ids)b::int[], %(targets)b::text[]) as raised (rule_id, target)
    join alert same on same.rule_id = raised.rule_id and same.target = raised.target
    where same.cleared_at is null and same.handling not in ('closed', 'false_alarm', 'merged')
)
for update of a

-- name: homes
-- Of what is raised: the rule and the device, where both are there, and where the device belongs.
select r.id, d.id, d.region, d.organisation, p.category, areas_of(d.area_keys)
from unnest(%(rule_ids)b::int[], %(device_ids)b::int[]) as raised (rule_id, device_id)
join rule r on r.id = raised.rule_id
join device d on d.id = raised.device_id
join profile p on p.id = d.profile_id

-- name: update
update alert a
set seq = n.seq, level = n.level, peak_level = n.peak_level, value = n.value, threshold = n.threshold, title = n.title,
    handling = n.handling, changed_at = n.changed_at, cleared_at = n.cleared_at, updated_at = clock_timestamp()
from unnest(
    %(id)b::uuid[], %(seq)b::int[], %(level)b::int2[], %(peak_level)b::int2[], %(value)b::float8[],
    %(threshold)b::float8[], %(title)b::text[], %(handling)b::text[], %(changed_at)b::timestamptz[],
    %(cleared_at)b::timestamptz[]
) as n (id, seq, level, peak_level, value, threshold, title, handling, changed_at, cleared_at)
where a.id = n.id

-- name: insert
insert into alert (id, rule_id, target, device_id, series_id, region, seq, level, peak_level, value, threshold, title,
                   handling, opened_at, changed_at, cleared_at)
select * from unnest(
    %(id)b::uuid[], %(rule_id)b::int[], %(target)b::text[], %(device_id)b::int[], %(series_id)b::int[],
    %(region)b::text[], %(seq)b::int[], %(level)b::int2[], %(peak_level)b::int2[], %(value)b::float8[],
    %(threshold)b::float8[], %(title)b::text[], %(handling)b::text[], %(opened_at)b::timestamptz[],
    %(changed_at)b::timestamptz[], %(cleared_at)b::timestamptz[])

-- name: record
-- Each change with the picture of its alert after it. Identities are drawn after the sort: cursors rise in its order.
insert into alert_change (id, alert_id, seq, kind, actor, note, recipients, picture)
select n.change_id, a.id, n.seq, n.kind, n.actor, n.note, n.recipients::int[], jsonb_build_object(
        'alert', a.id, 'seq', n.seq, 'rule', r.code, 'rule_name', r.name, 'device', d.code, 'device_name', d.name,
        'metric', s.metric, 'event_kind', r.event_kind, 'category', p.category, 'region', a.region, 'lon', d.lon, 'lat', d.lat,
        'organisation', d.organisation, 'title', n.title,
        'level', (array['blue', 'yellow', 'orange', 'red'])[n.level],
        'peak_level', (array['blue', 'yellow', 'orange', 'red'])[n.peak_level],
        'state', n.state, 'condition', n.condition, 'handling', n.handling,
        'value', n.value, 'threshold', n.threshold,
        'opened_at', a.opened_at, 'cleared_at', n.cleared_at, 'changed_at', n.changed_at, 'raised_at', a.raised_at)
from unnest(
    %(change_id)b::uuid[], %(id)b::uuid[], %(seq)b::int[], %(kind)b::text[], %(actor)b::text[], %(note)b::text[],
    %(recipients)b::text[],
    %(level)b::int2[], %(peak_level)b::int2[], %(value)b::float8[], %(threshold)b::float8[], %(title)b::text[],
    %(state)b::text[], %(condition)b::text[], %(handling)b::text[], %(changed_at)b::timestamptz[],
    %(cleared_at)b::timestamptz[]
) with ordinality as n (change_id, id, seq, kind, actor, note, recipients, level, peak_level, value, threshold, title, state,
                        condition, handling, changed_at, cleared_at, place)
join alert a on a.id = n.id
join rule r on r.id = a.rule_id
join device d on d.id = a.device_id
join profile p on p.id = d.profile_id
left join series s on s.id = a.series_id
order by n.place

-- name: deliver
-- Joined and locked: a consumer that is deleted at this moment is left out, instead of failing the batch. One that follows
-- the log (api/push/follower.py) finds itself among the recipients there.
insert into outbox (change_id, alert_id, seq, consumer_id)
select n.change_id, n.alert_id, n.seq, n.consumer_id
from unnest(%(change_id)b::uuid[], %(alert_id)b::uuid[], %(seq)b::int[], %(consumer_id)b::int[])
    with ordinality as n (change_id, alert_id, seq, consumer_id, place)
join consumer c on c.id = n.consumer_id
where c.kind not in ('kafka', 'mqtt')
order by n.place
for key share of c

-- name: ended
insert into alert_ending (change_id) select unnest(%(change_ids)b::uuid[])

-- name: notify
select pg_notify('ganzhi_alert', '')
