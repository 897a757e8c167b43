-- name: insert_events
-- Tells the ids of those that are new.
insert into event (id, device_id, ts, received_at, kind, state, level, attributes)
select * from unnest(
    %(id)s::uuid[], %(device_id)s::int[], %(ts)s::timestamptz[], %(received_at)s::timestamptz[], %(kind)s::text[],
    %(state)s::text[], %(level)s::int2[], %(attributes)s::jsonb[])
on conflict do nothing
returning id
