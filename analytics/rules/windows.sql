-- name: days
select date, workday from calendar_day

-- name: works
-- Maintenance windows that begin within two days, by their begin, in microseconds, with the device that they are of, or the
-- key of those that they reach. Those that are over are known for two days, or as long as a rule waits for a reading.
select (extract(epoch from m.from_at) * 1000000)::bigint, (extract(epoch from m.to_at) * 1000000)::bigint, m.device_id, m.reach
from maintenance m
where m.to_at > now() - greatest(interval '2 days', (
        select make_interval(secs => max(t.value::float8) + 86400)
        from rule r cross join lateral jsonb_each_text(r.thresholds) t
        where r.enabled and r.signal = 'silence'))
  and m.from_at < now() + interval '2 days'
order by m.from_at, m.id
