-- name: ending
-- A day as ISO 8601 writes it sorts as text.
select d.code, d.tags ->> 'sim_expires', d.tags ->> 'sim_expires' ~ '^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'
from device d
where d.tags ? 'sim_expires' and d.state in ('active', 'pending')
  and not (d.tags ->> 'sim_expires' ~ '^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'
           and d.tags ->> 'sim_expires' > to_char(now() + make_interval(days => %(days)s), 'YYYY-MM-DD'))
order by 2, 1
