-- Divisions of today beside one that is not known, to suggest.
select r.code, r.name
from region r
where r.code between rpad(left(%(code)s, 4), 12, '0') and rpad(left(%(code)s, 4), 12, '9')
  and region_digits(r.code) = region_digits(%(code)s)
  and current_date >= r.valid_from and current_date < r.valid_to
order by r.code
limit 2000
