-- name: near
-- A series of which a rule in force watches what its neighbours do not share, and those of its kind within 0.05 degrees of
-- latitude: with their devices, where these are, and their zones. None where no rule does.
select s.id, d.id, coalesce(d.lon, 'NaN'), coalesce(d.lat, 'NaN'), d.zone
from series own
join device o on o.id = own.device_id
join device d on d.profile_id = o.profile_id
join series s on s.device_id = d.id and s.metric = own.metric
where own.id = %(series)s
  and (s.id = own.id
       or d.state = 'active' and d.lat between o.lat - 0.05 and o.lat + 0.05
          and abs(d.lon - o.lon) < 0.05 / greatest(cos(radians(o.lat)), 0.01))
  and exists (
      select from rule r
      where r.enabled and r.signal = 'unshared' and r.profile_id = o.profile_id and r.metric = own.metric
        and in_rule_scope(case when r.organisation is not null then organisations_below(r.organisation) end,
                          r.region, r.tag, r.devices, o.id, o.organisation, o.region, o.tags))
order by s.id

-- name: readings
-- The newest readings of some series that count, at most so many, packed: series, time, value.
select string_agg(int4send(series_id) || timestamptz_send(ts) || float8send(value), '')
from (
    select series_id, ts, value from reading
    where series_id = any(%(series)s::int[]) and ts >= %(since)s and ts < %(until)s and quality & %(skip)s = 0
    order by ts desc
    limit %(most)s
) r
