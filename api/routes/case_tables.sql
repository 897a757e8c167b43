-- name: lock
select pg_advisory_xact_lock(hashtext('ganzhi.case_table'))

-- name: tables
select t.kind, t.version, t.name, t.zone, t.hours, t.imported_at,
       case t.kind when 'categories' then (select count(*) from case_category c where c.version = t.version)
                   else (select count(*) from case_deadline d where d.version = t.version) end as rows
from case_table t
where (%(kind)s::text is null or t.kind = %(kind)s) and (%(version)s::int is null or t.version = %(version)s)
order by t.kind, t.version desc

-- name: categories
select category_kind, code, parent, name
from case_category
where version = coalesce(%(version)s::int, (select max(version) from case_table where kind = 'categories'))
  and (%(after_category_kind)s::text is null or (category_kind, code) > (%(after_category_kind)s, %(after_code)s::text))
order by category_kind, code
limit %(limit)s

-- name: known_categories
select category_kind, code, parent, name from case_category
where version = (select max(version) from case_table where kind = 'categories')
order by category_kind, code

-- name: known_deadlines
select category_kind, category, level, stage, seconds, working from case_deadline
where version = (select max(version) from case_table where kind = 'deadlines')
order by category_kind nulls first, category nulls first, level nulls first, stage

-- name: deadlines
select * from (
    select row_number() over (order by category_kind nulls first, category nulls first, level nulls first, stage)::int
               as line,
           category_kind, category, (array['blue', 'yellow', 'orange', 'red'])[level] as level, stage, seconds, working
    from case_deadline
    where version = coalesce(%(version)s::int, (select max(version) from case_table where kind = 'deadlines'))
) d
where %(after_line)s::int is null or line > %(after_line)s
order by line
limit %(limit)s

-- name: add_table
insert into case_table (kind, version, name, zone, hours, imported_by)
values (%(kind)s, %(version)s, %(name)s, %(zone)s, %(hours)s::jsonb, %(by)s)

-- name: add_categories
insert into case_category (version, category_kind, code, parent, name)
select %(version)s, n.*
from unnest(%(kinds)s::text[], %(codes)s::text[], %(parents)s::text[], %(names)s::text[]) n

-- name: add_deadlines
insert into case_deadline (version, category_kind, category, level, stage, seconds, working)
select %(version)s, n.*
from unnest(%(kinds)s::text[], %(categories)s::text[], %(levels)s::int2[], %(stages)s::text[], %(seconds)s::int[],
            %(working)s::boolean[]) n
