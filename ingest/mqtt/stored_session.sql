-- name: begin
update mqtt_session set whole = %(whole)s, filters = '{}' where name = %(name)s

-- name: load
select client_id, handed_over, held_at, whole, filters from mqtt_session where name = %(name)s

-- name: make
-- The first one of a database that is in use comes after a session of before, which the broker should know.
insert into mqtt_session (name, client_id, held_at)
select %(name)s, %(client_id)s, max(seen_at) from device_seen where not exists (select from mqtt_session)
on conflict do nothing

-- name: note
update mqtt_session
set held_at = case when %(held)s then clock_timestamp() else held_at end,
    handed_over = handed_over or %(handed_over)s,
    lost_at = case when %(lost_since)s::timestamptz is null then lost_at else clock_timestamp() end,
    lost_since = coalesce(%(lost_since)s::timestamptz, lost_since),
    filters = coalesce(%(filters)s::text[], filters),
    taken_over_at = case when %(taken_over)s then clock_timestamp() else taken_over_at end
where name = %(name)s
