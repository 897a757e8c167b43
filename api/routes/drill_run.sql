-- name: begin
insert into drill (id, kind, name, consumers, begins_at, ends_at, made_by)
values (%(id)s, %(kind)s, %(name)s, %(consumers)s, %(begins_at)s, %(ends_at)s, %(made_by)s)

-- name: consumers
-- That a caller may name: of these owners, or all.
select id, code from consumer
where code = any (%(codes)s) and kind <> 'probe' and (%(owners)s::text[] is null or owner = any (%(owners)s))

-- name: devices
select id, code from device where code = any (%(codes)s)

-- name: drills
-- Ended is not over: within a second or two what is left is closed, and what lasts is told as real.
with each_one as (
    select t.id, t.kind, t.name, t.begins_at, t.ends_at, t.over_at, t.made_at, t.consumers as ids,
           case when t.over_at is not null then 'over'
                when t.ends_at <= clock_timestamp() then 'ending'
                when t.begins_at > clock_timestamp() then 'coming'
                else 'running' end as state,
           t.made_by as maker,
           case when t.made_by like 'principal:%%' then maker.name else t.made_by end as made_by,
           case when t.ended_by like 'principal:%%' then ender.name else t.ended_by end as ended_by
    from drill t
    left join principal maker on t.made_by = 'principal:' || maker.id
    left join principal ender on t.ended_by = 'principal:' || ender.id
    where t.made_by <> 'hub' and t.kind = %(kind)s and (%(id)s::uuid is null or t.id = %(id)s)
      and (%(after_made_at)s::timestamptz is null or t.made_at < %(after_made_at)s
           or (t.made_at = %(after_made_at)s and t.id > %(after_id)s))
)
select e.*, array(select c.code from consumer c where c.id = any (e.ids) order by c.code) as consumers,
       case when e.kind = 'exercise' then (select count(*) from drill_alert l where l.drill_id = e.id)
            else (select count(*) from drill_device m where m.drill_id = e.id) end as size,
       case when e.kind = 'exercise' then (select count(raised_at) from drill_alert l where l.drill_id = e.id)
            else (select count(distinct p.device_id) from proof_test p where p.drill_id = e.id) end as done
from each_one e
where %(state)s::text is null or e.state = %(state)s
order by e.made_at desc, e.id
limit %(limit)s

-- name: end
-- One that has not begun yet has never been.
update drill set begins_at = least(begins_at, clock_timestamp() - interval '1 millisecond'), ends_at = clock_timestamp(),
    ended_by = %(by)s
where id = %(id)s and ends_at > clock_timestamp()

-- name: members
-- Who made a drill, and what it is about, as far as the connection sees it.
select t.made_by, (select count(*) from drill_alert l where l.drill_id = t.id) as alerts,
       (select count(*) from drill_device m where m.drill_id = t.id) as devices
from drill t
where t.id = %(id)s

-- name: one_at_a_time
-- Who makes several drills at once makes them one after the other.
select pg_advisory_xact_lock(hashtext('ganzhi.drills'), hashtext(%(by)s))

-- name: running
-- What a caller has under way.
select count(*) as drills,
       coalesce(sum((select count(*) from drill_alert l where l.drill_id = t.id and l.raised_at is null)), 0)::int as alerts
from drill t
where t.made_by = %(by)s and t.ends_at > clock_timestamp()

-- name: result
-- Of each alert and each consumer that the drill was made for: when it was sent, and how long what followed took. One that
-- follows the log has no delivery; it has taken what is before its position.
select a.alert_id as alert, h.picture ->> 'title' as title, h.picture ->> 'device' as device, c.code as consumer,
       case when o.id is not null then o.state
            when c.id is null or not c.id = any (coalesce(h.recipients, '{}')) then 'not_told'
            when p.cursor >= h.cursor then 'delivered'
            else 'pending' end as state,
       h.at as sent_at, extract(epoch from o.settled_at - h.at)::float8 as accepted_s, o.failure,
       ack.by as acknowledged_by, extract(epoch from ack.at - h.at)::float8 as acknowledged_s
from (
    select alert_id from drill_alert where drill_id = %(id)s
    union all
    select alert_id from proof_test where drill_id = %(id)s
) a
join alert_change h on h.alert_id = a.alert_id and h.seq = 1
join drill t on t.id = %(id)s
left join consumer c on c.id = any (t.consumers)
left join outbox o on o.change_id = h.id and o.consumer_id = c.id
left join alert_position p on p.consumer_id = c.id
left join lateral (
    select k.at, coalesce(k.actor, nullif(who.display_name, ''), who.name) as by
    from alert_change k
    left join principal who on who.id = k.principal
    where k.alert_id = a.alert_id and k.kind = 'acknowledged'
    order by k.seq
    limit 1
) ack on true
order by h.cursor, c.code
