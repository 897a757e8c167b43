-- name: rules
select code, (array['blue', 'yellow', 'orange', 'red'])[min_level] as min_level, region, area, organisation, category,
       event_kind, case_category_kind, case_category, enabled, made_at
from case_rule
where (%(code)s::text is null or code = %(code)s) and (%(after_code)s::text is null or code > %(after_code)s)
order by code
limit %(limit)s

-- name: put
insert into case_rule (code, min_level, region, area, organisation, category, event_kind, case_category_kind,
                       case_category, enabled)
values (%(code)s, %(min_level)s, %(region)s, %(area)s, %(organisation)s, %(category)s, %(event_kind)s,
        %(case_category_kind)s, %(case_category)s, %(enabled)s)
on conflict (code) do update
set min_level = excluded.min_level, region = excluded.region, area = excluded.area,
    organisation = excluded.organisation, category = excluded.category, event_kind = excluded.event_kind,
    case_category_kind = excluded.case_category_kind, case_category = excluded.case_category,
    enabled = excluded.enabled,
    -- What is wanted anew is wanted of alerts from now on.
    made_at = case
        when (case_rule.min_level, case_rule.region, case_rule.area, case_rule.organisation, case_rule.category,
              case_rule.event_kind, case_rule.enabled)
             is distinct from (excluded.min_level, excluded.region, excluded.area, excluded.organisation,
                               excluded.category, excluded.event_kind, excluded.enabled)
        then clock_timestamp() else case_rule.made_at end
returning xmax = 0 as created

-- name: delete
delete from case_rule where code = %(code)s

-- name: area
select code from area where code = %(code)s
