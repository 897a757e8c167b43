-- name: missing
-- Where calendars are of use: one was imported, a rota or the schedule of a rule in force asks for workdays, or a deadline of
-- cases counts working time.
select year from unnest(%(years)s::int[]) as wanted (year)
where not exists (select from calendar_day where date between make_date(year, 1, 1) and make_date(year, 12, 31))
  and (exists (select from calendar_day)
       or exists (select from case_deadline where working)
       or exists (select from rule where enabled and schedule -> 'days' ?| array['workday', 'holiday'])
       or exists (select from rota, jsonb_array_elements(shifts) s where s -> 'days' ?| array['workday', 'holiday']))
order by year
