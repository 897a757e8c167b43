-- name: pending
-- Endings whose message is perhaps not committed yet, in the order in which desks took them.
select e.change_id, d.code, a.id, a.rule_id, a.device_id, a.series_id, c.kind,
       coalesce(f.own_peak, a.peak_level),
       (extract(epoch from c.at) * 1000000)::bigint, case when a.series_id is null then alert_part(a.target) end
from alert_ending e
join alert_change c on c.id = e.change_id
join alert a on a.id = c.alert_id
join device d on d.id = a.device_id
left join alert_fused f on f.alert_id = a.id
order by c.cursor
limit %(limit)s

-- name: published
delete from alert_ending where change_id = any (%(change_ids)s::uuid[])

-- name: lasting_of_retired
-- Alerts whose condition would last for ever: nothing more comes from their device.
select a.id, a.rule_id, a.target, a.device_id, a.series_id, a.level, a.title
from alert a
join device d on d.id = a.device_id
where a.cleared_at is null and a.rule_id is not null and d.state = 'retired'
order by a.id
limit %(limit)s
