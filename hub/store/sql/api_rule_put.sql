-- Returns a row only when something was written; what is the same already keeps its revision.
insert into rule (code, name, profile_id, metric, direction, thresholds, hysteresis, hold_s, event_kind, event_level,
                  enabled)
values (%(code)s, %(name)s, %(profile_id)s, %(metric)s, %(direction)s, %(thresholds)s, %(hysteresis)s, %(hold_s)s,
        %(event_kind)s, %(event_level)s, %(enabled)s)
on conflict (code) do update
set name = excluded.name, profile_id = excluded.profile_id, metric = excluded.metric,
    direction = excluded.direction, thresholds = excluded.thresholds, hysteresis = excluded.hysteresis,
    hold_s = excluded.hold_s, event_kind = excluded.event_kind, event_level = excluded.event_level,
    enabled = excluded.enabled
where (rule.name, rule.profile_id, rule.metric, rule.direction, rule.thresholds, rule.hysteresis, rule.hold_s,
       rule.event_kind, rule.event_level, rule.enabled)
      is distinct from (excluded.name, excluded.profile_id, excluded.metric, excluded.direction,
                        excluded.thresholds, excluded.hysteresis, excluded.hold_s, excluded.event_kind,
                        excluded.event_level, excluded.enabled)
returning xmax = 0 as created
