-- name: known
-- Of alerts: the kind of event, the device, who of these principals is a person, and how far its chain is.
select a.id, coalesce(r.event_kind, a.event_kind), d.code,
       array(select p.id from principal p where p.id = any (%(principals)b::uuid[]) and p.kind = 'person'),
       e.chain, e.round, e.level, e.step, e.state, e.told
from alert a
left join rule r on r.id = a.rule_id
left join device d on d.id = a.device_id
left join escalation e on e.alert_id = a.id
where a.id = any (%(ids)b::uuid[])

-- name: write
insert into escalation (alert_id, chain, round, level, step, state, due_at, told)
select n.alert_id, n.chain, n.round, n.level, n.step, n.state, clock_timestamp() + make_interval(secs => n.wait_s),
       n.told::int[]
from unnest(%(alert_id)b::uuid[], %(chain)b::text[], %(round)b::int[], %(level)b::int2[], %(step)b::int[],
            %(state)b::text[], %(wait_s)b::float8[], %(told)b::text[])
    as n (alert_id, chain, round, level, step, state, wait_s, told)
on conflict (alert_id) do update
set chain = excluded.chain, round = excluded.round, level = excluded.level, step = excluded.step,
    state = excluded.state, due_at = excluded.due_at, told = excluded.told

-- name: search_path
select current_setting('search_path')

-- name: look_in
-- Until the end of the transaction.
select set_config('search_path', %(path)s, true)
