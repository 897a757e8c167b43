-- name: profile_metrics
select id, metrics, category from profile where code = %(code)s

-- name: rule_disable
update rule set enabled = false, changed_by = %(changed_by)s
where code = %(code)s and enabled returning code

-- name: rule_put
-- Returns a row only when something was written; what is the same already keeps its revision.
insert into rule (code, name, profile_id, organisation, region, tag, devices, metric, signal, tolerance, flagged, expression, stale_s,
                  direction, thresholds,
                  hysteresis, hold_s, clear_s,
                  event_kind, event_level, count, within_s, cooldown_s, schedule, guidance, enabled, changed_by)
values (%(code)s, %(name)s, %(profile_id)s, %(organisation)s, %(region)s, %(tag)s, %(devices)s, %(metric)s, %(signal)s,
        %(tolerance)s, %(flagged)s, %(expression)s, %(stale_s)s, %(direction)s, %(thresholds)s, %(hysteresis)s, %(hold_s)s,
        %(clear_s)s, %(event_kind)s, %(event_level)s, %(count)s, %(within_s)s, %(cooldown_s)s, %(schedule)s, %(guidance)s,
        %(enabled)s,
        %(changed_by)s)
on conflict (code) do update
set name = excluded.name, profile_id = excluded.profile_id, metric = excluded.metric,
    organisation = excluded.organisation, region = excluded.region, tag = excluded.tag, devices = excluded.devices,
    signal = excluded.signal, tolerance = excluded.tolerance, flagged = excluded.flagged,
    expression = excluded.expression, stale_s = excluded.stale_s,
    direction = excluded.direction, thresholds = excluded.thresholds, hysteresis = excluded.hysteresis,
    hold_s = excluded.hold_s, clear_s = excluded.clear_s, event_kind = excluded.event_kind, event_level = excluded.event_level,
    count = excluded.count, within_s = excluded.within_s, cooldown_s = excluded.cooldown_s,
    schedule = excluded.schedule, guidance = excluded.guidance, enabled = excluded.enabled, changed_by = excluded.changed_by
where (rule.name, rule.profile_id, rule.organisation, rule.region, rule.tag, rule.devices, rule.metric, rule.signal,
       rule.tolerance, rule.flagged, rule.expression, rule.stale_s, rule.direction, rule.thresholds, rule.hysteresis, rule.hold_s,
       rule.clear_s, rule.event_kind, rule.event_level, rule.count, rule.within_s,
       rule.cooldown_s, rule.schedule, rule.guidance, rule.enabled)
      is distinct from (excluded.name, excluded.profile_id, excluded.organisation, excluded.region, excluded.tag,
                        excluded.devices, excluded.metric, excluded.signal, excluded.tolerance, excluded.flagged,
                        excluded.expression, excluded.stale_s, excluded.direction,
                        excluded.thresholds, excluded.hysteresis, excluded.hold_s, excluded.clear_s, excluded.event_kind,
                        excluded.event_level, excluded.count, excluded.within_s, excluded.cooldown_s,
                        excluded.schedule, excluded.guidance, excluded.enabled)
returning xmax = 0 as created

-- name: rules
select r.code, r.name, p.code as profile, r.metric, r.signal, r.tolerance, r.flagged, r.expression, r.stale_s, r.direction, r.thresholds, r.hysteresis, r.hold_s, r.clear_s, r.event_kind,
       (array['blue', 'yellow', 'orange', 'red'])[r.event_level] as level, r.enabled,
       r.count, r.within_s, r.cooldown_s, r.schedule, r.guidance, r.version, p.category,
       case when num_nonnulls(r.organisation, r.region, r.tag, r.devices) > 0 then jsonb_strip_nulls(jsonb_build_object(
           'organisation', r.organisation, 'region', r.region, 'tag', r.tag,
           'devices', case when r.devices is not null then (
               select coalesce(jsonb_agg(d.code order by d.code), '[]') from device d where d.id = any (r.devices)) end)) end
           as scope
from rule r
left join profile p on p.id = r.profile_id
where (%(code)s::text is null or r.code = %(code)s)
  and (%(profile)s::text is null or p.code = %(profile)s)
  and (%(after_code)s::text is null or r.code > %(after_code)s)
order by r.code
limit %(limit)s

-- name: all_metrics
-- That any profile has, which gateways and neighbours may have.
select distinct metric from profile, jsonb_object_keys(metrics) as m (metric) order by metric
