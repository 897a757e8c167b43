-- The newest recent events of each kind at each device that a rule watches; several may share their time.
select r.id, newest.device_id, (extract(epoch from newest.ts) * 1000000)::bigint, newest.id
from rule r
join (
    select e.device_id, e.kind, e.ts, e.id, rank() over (partition by e.device_id, e.kind order by e.ts desc) as place
    from event e
    where e.ts > clock_timestamp() - make_interval(secs => %(window_s)s)
) newest on newest.kind = r.event_kind and newest.place = 1
where r.enabled
