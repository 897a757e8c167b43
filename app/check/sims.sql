-- name: ending
-- SIM cards that end or have ended, and tags of before that tell no day.
select d.code, d.sim_expires::text, true as is_day
from device d
where d.sim_expires <= current_date + %(days)s::int and d.state in ('active', 'pending')
union all
select d.code, d.tags ->> 'sim_expires', false
from device d
where d.tags ? 'sim_expires' and d.state in ('active', 'pending')
order by 2, 1
