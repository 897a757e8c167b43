-- What is open of a device; the partial index over active alerts bounds the work.
select (array['blue', 'yellow', 'orange', 'red'])[level] as level, title, opened_at
from alert
where device_id = %(id)s and cleared_at is null and state not in ('closed', 'false_alarm')
order by level desc, opened_at
limit 5
