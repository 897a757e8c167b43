-- name: streams
select d.code as device, (c.state = 'up')::int as up, (c.figures ->> 'cpu')::float8 as cpu,
       (c.figures ->> 'analysed_per_s')::float8 as analysed_per_second, (c.figures ->> 'dropped')::int as dropped,
       array_position(array['full', 'half', 'keys', 'sparse'], c.figures ->> 'pace') - 1 as shed
from camera_connection c
join device d on d.id = c.device_id and d.state = 'active'
where c.kind = 'rtsp' and c.enabled
order by d.code
limit 10000
