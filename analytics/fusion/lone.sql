-- name: alone
-- Alerts of devices that have lasted for longer than a rule waits, with nothing of its kinds found near them about then
-- by anything else. What is in an incident, or held at a level already, is left as it is.
select a.id, a.device_id, r.event_kind, d.lon, d.lat, f.code, f.radius_m, f.within_s, f.lower_to
from fusion_rule f
join rule r on r.event_kind = any (f.kinds)
join alert a on a.rule_id = r.id
join device d on d.id = a.device_id
where f.enabled and f.lower_to < a.level and d.lon is not null and d.lat is not null
  and a.cleared_at is null and a.handling not in ('closed', 'false_alarm', 'merged') and a.drill_id is null
  and a.raised_at between now() - interval '1 day' and now() - make_interval(secs => f.within_s)
  and not exists (select from incident_member m where m.alert_id = a.id)
  and not exists (select from alert_fused h where h.alert_id = a.id)
  and not exists (
      select
      from alert o
      join rule q on q.id = o.rule_id and q.event_kind = any (f.kinds)
      join device e on e.id = o.device_id and e.id <> d.id
      where o.raised_at > now() - interval '2 days' and o.drill_id is null and o.handling <> 'false_alarm'
        and least(o.opened_at, o.raised_at) between least(a.opened_at, a.raised_at) - make_interval(secs => f.within_s)
                                                and least(a.opened_at, a.raised_at) + make_interval(secs => f.within_s)
        and 111195 * sqrt(power((e.lon - d.lon) * cos(radians((e.lat + d.lat) / 2)), 2) + power(e.lat - d.lat, 2))
            <= f.radius_m)
order by a.raised_at, a.id, f.code
limit %(limit)s
