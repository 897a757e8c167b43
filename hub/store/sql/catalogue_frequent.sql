-- How many of the first devices of a fair sample have a text.
select count(*) as n
from (
    select d.code, d.name from device d
    where catalogue_spread(d.id) > -1
    order by catalogue_spread(d.id)
    limit %(rows)s
) d
where strpos(lower(d.code || E'\n' || d.name), lower(%(q)s)) > 0
