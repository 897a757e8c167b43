-- name: enabled
-- Rules in force, with the category of their profile.
select r.code, r.thresholds, (array['blue', 'yellow', 'orange', 'red'])[r.event_level] as level, r.guidance, r.event_kind,
       case r.signal when 'value' then r.metric end, p.category
from rule r
left join profile p on p.id = r.profile_id
where r.enabled
order by r.code

-- name: without_devices
-- Rules in force that are limited to where no device is that takes readings or events, of their profile.
select r.code
from (select *, organisations_below(organisation) as organisations from rule) r
where r.enabled and num_nonnulls(r.organisation, r.region, r.tag, r.devices) > 0
  and not exists (
      select from device d
      where d.state = 'active' and (r.profile_id is null or d.profile_id = r.profile_id)
        and in_rule_scope(r.organisations, r.region, r.tag, r.devices, d.id, d.organisation, d.region, d.tags))
order by r.code

-- name: expressions
-- Of rules in force, with the category of their profile, and metrics of it that a rule in force watches everywhere by
-- their values alone.
select r.code, r.expression, p.category, array(
    select a.metric from rule a
    where a.enabled and a.profile_id = r.profile_id and a.expression is null and a.signal = 'value' and not a.flagged
      and num_nonnulls(a.organisation, a.region, a.tag, a.devices) = 0) as alone
from rule r join profile p on p.id = r.profile_id
where r.enabled and r.expression is not null
order by r.code

-- name: expressions_without_hold
-- Expressions of rules in force that hold for less than some seconds.
select code, expression from rule where enabled and expression is not null and hold_s < %(held)s order by code
