-- name: profile_put
-- Returns a row only when something was written; what is the same already keeps its revision and its version.
insert into profile (code, name, name_en, category, metrics, max_future_s, interval_s, offline_after_s,
                     unknown_metrics, max_metrics, test_every_days, allowed_lateness_s, on_conflict, events, codes, guards, commands, mapping,
                     payload, polling)
values (%(code)s, %(name)s, %(name_en)s, %(category)s, %(metrics)s, %(max_future_s)s, %(interval_s)s,
        %(offline_after_s)s, %(unknown_metrics)s, %(max_metrics)s, %(test_every_days)s, %(allowed_lateness_s)s,
        %(on_conflict)s, %(events)s, %(codes)s, %(guards)s,
        %(commands)s, %(mapping)s, %(payload)s, %(polling)s)
on conflict (code) do update
set name = excluded.name, name_en = excluded.name_en, category = excluded.category, metrics = excluded.metrics,
    max_future_s = excluded.max_future_s, interval_s = excluded.interval_s,
    offline_after_s = excluded.offline_after_s, unknown_metrics = excluded.unknown_metrics,
    max_metrics = excluded.max_metrics, test_every_days = excluded.test_every_days,
    allowed_lateness_s = excluded.allowed_lateness_s, on_conflict = excluded.on_conflict, events = excluded.events, commands = excluded.commands,
    codes = excluded.codes, guards = excluded.guards, mapping = excluded.mapping, payload = excluded.payload, polling = excluded.polling
where profile_body(profile) is distinct from profile_body(excluded)
returning xmax = 0 as created, version

-- name: profile_rules
-- The enabled threshold rules of a profile, with its metrics as they are.
select r.code, r.metric, r.signal, r.expression, r.direction, r.thresholds, r.hysteresis, coalesce(p.metrics -> r.metric, '{}') as spec
from rule r join profile p on p.id = r.profile_id
where p.code = %(code)s and r.enabled and r.metric is not null
order by r.code

-- name: profile_versions
-- The newest first.
select v.version, v.at, v.body
from profile_version v
join profile p on p.id = v.profile_id
where p.code = %(code)s
  and (%(version)s::int is null or v.version = %(version)s)
  and (%(after_version)s::int is null or v.version < %(after_version)s)
order by v.version desc
limit %(limit)s

-- name: profiles
select p.code, p.name, p.name_en, p.category, p.metrics, p.max_future_s, p.interval_s, p.offline_after_s,
       p.unknown_metrics, p.max_metrics, p.test_every_days, p.allowed_lateness_s, p.on_conflict,
       p.events, p.codes, p.guards, p.commands, p.mapping, p.payload, p.polling, p.version, p.installed,
       (select count(*) from device d where d.profile_id = p.id) as devices
from profile p
where (%(code)s::text is null or p.code = %(code)s)
  and (%(after_code)s::text is null or p.code > %(after_code)s)
order by p.code
limit %(limit)s
