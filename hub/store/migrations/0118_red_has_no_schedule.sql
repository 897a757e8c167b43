-- Of red people are told at any time (docs/ALERTS.md), whoever writes the rule.
update rule set schedule = null where schedule is not null and (thresholds ? 'red' or event_level = 4);
alter table rule add constraint rule_schedule_red check (
    schedule is null or (not coalesce(thresholds ? 'red', false) and event_level is distinct from 4));
