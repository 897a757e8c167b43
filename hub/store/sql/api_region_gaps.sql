-- Divisions of a file whose next higher one is nowhere; the first of them.
select i.line, i.code, i.name, above.code as above
from region_import i
cross join lateral (select rpad(left(i.code, case region_digits(i.code) when 12 then 9 when 9 then 6 when 6 then 4
                                             else 2 end), 12, '0') as code) above
where region_digits(i.code) > 2 and not exists (select from region r where r.code = above.code)
order by i.line
limit 100
