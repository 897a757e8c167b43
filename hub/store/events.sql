-- name: compare
-- Of given events those that are stored with another content: the place, from 0, whether a rule may judge by what
-- differs (more than attributes, or a lower level), and whether the content that is given was replaced before.
select (g.place - 1)::int,
       e.kind <> g.kind
       or e.part is distinct from g.part
       or coalesce(e.state, 'active') <> coalesce(g.state, 'active')
       or e.level is distinct from g.level and coalesce(g.level > e.level, true),
       exists (
           select from event_replaced r
           where r.id = g.id and r.content = sha256(convert_to(g.content::text, 'UTF8'))
       )
from unnest(%(id)s::uuid[], %(kind)s::text[], %(state)s::text[], %(level)s::int2[], %(part)s::text[], %(content)s::jsonb[])
    with ordinality as g (id, kind, state, level, part, content, place)
join event e on e.id = g.id
where event_content(e.kind, e.state, e.level, e.attributes, e.part) <> g.content

-- name: insert_events
-- Tells the ids of those that are new.
insert into event (id, device_id, ts, received_at, kind, state, level, attributes, untimed_id, part)
select * from unnest(
    %(id)s::uuid[], %(device_id)s::int[], %(ts)s::timestamptz[], %(received_at)s::timestamptz[], %(kind)s::text[],
    %(state)s::text[], %(level)s::int2[], %(attributes)s::jsonb[], %(untimed_id)s::uuid[], %(part)s::text[])
on conflict do nothing
returning id

-- name: replace
-- No id is given twice.
with given as materialized (
    select * from unnest(
        %(id)s::uuid[], %(received_at)s::timestamptz[], %(kind)s::text[], %(state)s::text[], %(level)s::int2[],
        %(attributes)s::jsonb[], %(part)s::text[]) as g (id, received_at, kind, state, level, attributes, part)
), before as (
    insert into event_replaced (id, content)
    select id, sha256(convert_to(event_content(e.kind, e.state, e.level, e.attributes, e.part)::text, 'UTF8'))
    from event e join given using (id)
    on conflict do nothing
)
update event e
set received_at = g.received_at, kind = g.kind, state = g.state, level = g.level, attributes = g.attributes,
    part = g.part
from given g
where e.id = g.id

-- name: sent_again
-- The places, from 0, of events without a time that have the content of the newest one before with that id, not long ago.
with given as (
    select *, lag(ts) over before as ts_before, lag(content) over before as content_before
    from unnest(%(untimed_id)s::uuid[], %(ts)s::timestamptz[], %(content)s::jsonb[])
        with ordinality as g (untimed_id, ts, content, place)
    window before as (partition by untimed_id order by ts, place)
)
select (g.place - 1)::int
from given g
cross join lateral (
    select ts, content
    from (
        select g.ts_before, g.content_before where g.ts_before is not null
        union all (
            select e.ts, event_content(e.kind, e.state, e.level, e.attributes, e.part)
            from event e
            where e.untimed_id = g.untimed_id and e.ts <= g.ts
            order by e.ts desc
            limit 1
        )
    ) known (ts, content)
    order by ts desc
    limit 1
) newest
where newest.content = g.content and newest.ts > g.ts - %(within)s::interval
