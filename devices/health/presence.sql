-- name: forget
-- A process that died cannot say so: once its row has not moved for long it goes, and because nobody knows which
-- devices it alone had heard, each has its whole time again from then on.
with gone as (
    delete from listening
    where told_at < clock_timestamp() - make_interval(secs => %(forget_s)s) and isfinite(at)
    returning source
)
insert into listening (source, ears, since, at)
select '', false, clock_timestamp(), 'infinity' where exists (select from gone)
on conflict (source) do update set since = excluded.since

-- name: told
update device_health h set told = true
from unnest(%(device_id)s::int[], %(finding_at)s::timestamptz[]) as n (device_id, finding_at)
where h.device_id = n.device_id and h.finding_at = n.finding_at

-- name: untold
-- Findings whose event is perhaps not stored yet.
-- One of a device that is there is of all that hangs on it.
select h.device_id, d.code, h.finding, h.finding_at, case when h.online and h.finding then 'channels' else h.cause end,
       s.seen_at
from device_health h
join device d on d.id = h.device_id
left join device_seen s on s.device_id = h.device_id
where not h.told and d.state = 'active'
order by h.finding_at, h.device_id
limit %(limit)s
