select distinct on (code) code, name, level, valid_from, least(valid_to, '9999-12-31') as valid_to, successors
from region
where valid_from <= %(at)s::date and valid_to > %(at)s::date
  and (%(prefix)s::text is null or code between rpad(%(prefix)s, 12, '0') and rpad(%(prefix)s, 12, '9'))
  and (%(level)s::text is null or level = %(level)s)
  and (%(q)s::text is null or strpos(name, %(q)s) > 0)
  and (%(after_code)s::text is null or code > %(after_code)s)
order by code, valid_from desc
limit %(limit)s
