-- name: sims
select d.code as device, d.name as device_name, d.region, d.sim_expires as expires, d.sim_expires - current_date as days
from device d
where d.sim_expires <= current_date + %(days)s::int and d.state in ('active', 'pending')
  and (%(region)s::text is null or d.region ^@ %(region)s)
  and (%(after_expires)s::date is null or (d.sim_expires, d.code) > (%(after_expires)s, %(after_device)s))
order by d.sim_expires, d.code
limit %(limit)s
