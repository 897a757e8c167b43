-- name: message
-- A change of an alert, by its number or the newest, and what its titles are made of. Remarks are no messages.
select c.alert_id, c.seq, c.at, c.picture, r.direction, r.signal, r.expression, coalesce(p.metrics -> s.metric, p.events -> r.event_kind) as names,
       g.name as region_name
from alert_change c
join alert a on a.id = c.alert_id
left join rule r on r.id = a.rule_id
left join device d on d.id = a.device_id
left join profile p on p.id = d.profile_id
left join series s on s.id = a.series_id
left join lateral (
    select name from region where code = c.picture ->> 'region' order by valid_from desc limit 1
) g on true
where c.alert_id = %(id)s and c.kind <> all (%(records)s) and (%(seq)s::int is null or c.seq = %(seq)s)
order by c.seq desc
limit 1

-- name: earlier
-- The messages before one that are exercises as it is, or not: the first, and the last fifty.
select seq, at
from alert_change
where alert_id = %(id)s and kind <> all (%(records)s) and seq < %(seq)s and (seq = 1 or seq >= %(seq)s - 50)
  and coalesce((picture ->> 'drill')::boolean, false) = %(drill)s
order by seq

-- name: newest
-- The newest message of each of the alerts that have changed last; `first` of it that is, or is no, exercise.
select c.alert_id, c.seq, c.at, c.picture, r.direction, r.signal, r.expression, coalesce(p.metrics -> s.metric, p.events -> r.event_kind) as names,
       c.seq = 1 or c.seq = (
           select min(o.seq) from alert_change o
           where o.alert_id = c.alert_id and o.picture -> 'drill' = 'false' and c.picture -> 'drill' = 'false'
       ) as first
from alert_change c
join alert a on a.id = c.alert_id
left join rule r on r.id = a.rule_id
left join device d on d.id = a.device_id
left join profile p on p.id = d.profile_id
left join series s on s.id = a.series_id
where c.kind <> all (%(records)s) and a.drill_id is distinct from %(path)s
  and not exists (
      select from alert_change n where n.alert_id = c.alert_id and n.seq > c.seq and n.kind <> all (%(records)s)
  )
order by c.cursor desc
limit %(limit)s
