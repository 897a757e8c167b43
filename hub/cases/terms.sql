-- name: in_force
select t.version, t.zone, t.hours,
       (select coalesce(jsonb_object_agg(date, workday), '{}') from calendar_day) as days
from (select) one
left join lateral (
    select version, zone, hours from case_table where kind = 'deadlines' order by version desc limit 1
) t on true

-- name: parents
-- The categories above some, of the newest table of categories.
with recursive above (category_kind, code, parent) as (
    select c.category_kind, c.code, c.parent
    from case_category c
    join unnest(%(kinds)s::text[], %(codes)s::text[]) as wanted (category_kind, code)
         on wanted.category_kind = c.category_kind and wanted.code = c.code
    where c.version = (select max(version) from case_table where kind = 'categories')
    union
    select c.category_kind, c.code, c.parent
    from case_category c join above a on a.category_kind = c.category_kind and a.parent = c.code
    where c.version = (select max(version) from case_table where kind = 'categories')
)
select category_kind, code, parent from above where parent is not null

-- name: lines
select category_kind, category, level, stage, seconds, working
from case_deadline
where version = %(version)s and (category is null or category = any (%(codes)s::text[]))
