-- name: prepare
-- The reserved consumer, and the drill that keeps the alerts of rounds from everybody else.
with made as (
    insert into consumer (code, kind, url, secret, filters, prove_within_h, prove_at)
    values (%(consumer)s, %(kind)s, '', '', '[]', 0, '{}')
    on conflict (code) do update set kind = excluded.kind, enabled = true, held_until = null
    where (consumer.kind, consumer.enabled) is distinct from (excluded.kind, true) or consumer.held_until is not null
    returning id
), known as (
    select id from made union select c.id from consumer c where c.code = %(consumer)s
)
insert into drill (id, kind, name, consumers, begins_at, ends_at, over_at, made_by)
select %(drill)s, 'exercise', %(consumer)s, array[id], now() - interval '2 hours', now() - interval '1 hour', now(), 'hub'
from known
on conflict (id) do update set consumers = excluded.consumers where drill.consumers <> excluded.consumers

-- name: forget_deliveries
delete from outbox where alert_id in (select id from alert where drill_id = %(drill)s)

-- name: forget_changes
delete from alert_change where alert_id in (select id from alert where drill_id = %(drill)s)

-- name: forget
delete from alert where drill_id = %(drill)s

-- name: begin
insert into path_round (id, begun_at) values (%(id)s, clock_timestamp())
on conflict (one) do update
set id = excluded.id, begun_at = excluded.begun_at, published_at = null, received_at = null, applied_at = null,
    delivered_at = null

-- name: had_broker
select 1 from path_round where broker_at is not null

-- name: has_broker
update path_round set broker_at = clock_timestamp() where broker_at is null

-- name: published
update path_round set published_at = clock_timestamp() where id = %(id)s

-- name: look
-- Which links the round has passed by now.
update path_round p
set received_at = a.opened_at, applied_at = h.at, delivered_at = o.settled_at
from alert a
join alert_change h on h.alert_id = a.id and h.seq = 1
left join outbox o on o.change_id = h.id and o.state = 'delivered'
where p.id = %(id)s and a.id = %(id)s
returning p.delivered_at is not null

-- name: complete
update path_round
set complete_at = delivered_at, broken_at = null, reached = null,
    took_ms = extract(epoch from delivered_at - begun_at) * 1000
where id = %(id)s
returning took_ms

-- name: broken
update path_round
set broken_at = coalesce(broken_at, clock_timestamp()),
    reached = case when applied_at is not null then 'applied' when published_at is not null then 'published' else 'begun' end
where id = %(id)s
returning reached

-- name: called
update path_round
set called_at = case when %(error)s::text is null then clock_timestamp() else called_at end, call_error = %(error)s
