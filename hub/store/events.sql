-- name: differs
-- A row when the event is stored with another content.
select from event
where id = %(id)s
  and (kind, state, level, attributes)
      is distinct from (%(kind)s::text, %(state)s::text, %(level)s::int2, %(attributes)s::jsonb)

-- name: insert_events
-- Tells the ids of those that are new.
insert into event (id, device_id, ts, received_at, kind, state, level, attributes)
select * from unnest(
    %(id)s::uuid[], %(device_id)s::int[], %(ts)s::timestamptz[], %(received_at)s::timestamptz[], %(kind)s::text[],
    %(state)s::text[], %(level)s::int2[], %(attributes)s::jsonb[])
on conflict do nothing
returning id

-- name: replace
update event
set received_at = %(received_at)s, kind = %(kind)s, state = %(state)s, level = %(level)s, attributes = %(attributes)s
where id = %(id)s
