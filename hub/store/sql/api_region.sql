-- Each code as it was on a day; without a day as it is today, or else as it was last.
select distinct on (code) code, name, level, valid_from, least(valid_to, '9999-12-31') as valid_to, successors
from region
where code = any (%(codes)s)
  and (%(at)s::date is null or (valid_from <= %(at)s and valid_to > %(at)s))
order by code, valid_from <= current_date and valid_to > current_date desc, valid_from desc
