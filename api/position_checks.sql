-- name: names
select distinct on (code) code, name from region where code = any (%(codes)s) order by code, valid_from desc

-- name: near
-- Divisions of today beside one that is not known, to suggest.
select r.code, r.name
from region r
where r.code between rpad(left(%(code)s, 4), 12, '0') and rpad(left(%(code)s, 4), 12, '9')
  and region_digits(r.code) = region_digits(%(code)s)
  and current_date >= r.valid_from and current_date < r.valid_to
order by r.code
limit 2000

-- name: verdict
-- What speaks for or against a division code, whether any are loaded, and what came after it.
select region_verdict(%(code)s) as verdict, exists (select from region) as loaded,
       array(select distinct s.code from region r, unnest(r.successors) s (code) where r.code = %(code)s order by 1)
           as codes
