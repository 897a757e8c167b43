-- name: passwords
-- Of each station with a password of its own the numbers that it may tell: its addresses of the protocol, and its code.
select p.device_id, d.code, p.protocol, p.password, p.former, p.former_until,
       array_append(array(
           select a.address from device_address a where a.device_id = p.device_id and a.scheme = p.protocol), d.code)
from station_password p join device d on d.id = p.device_id
