-- name: add
insert into calendar_day (date, workday, name)
select * from unnest(%(dates)s::date[], %(workdays)s::boolean[], %(names)s::text[])

-- name: clear
delete from calendar_day where extract(year from date) = %(year)s

-- name: days
select date, workday, name from calendar_day where extract(year from date) = %(year)s order by date

-- name: lock
lock table calendar_day in share row exclusive mode

-- name: years
-- In each the days that are named, and all that people work on.
select y.year, y.named, y.changed + (
           select count(*) from generate_series(make_date(y.year, 1, 1), make_date(y.year, 12, 31), '1 day') d
           where extract(isodow from d) < 6) as workdays
from (select extract(year from date)::int as year, count(*) as named,
             count(*) filter (where workday and extract(isodow from date) > 5)
                 - count(*) filter (where not workday and extract(isodow from date) < 6) as changed
      from calendar_day group by 1) y
where (%(year)s::int is null or y.year = %(year)s) and (%(after_year)s::int is null or y.year < %(after_year)s)
order by y.year desc
limit %(limit)s
