-- The newest messages of a device that were refused, for the integrator who asks why.
select id, received_at, transport, address, device, reason, detail, payload_size,
       replays, replayed_at
from dead_letter
where device = %(code)s
order by received_at desc, id
limit 5
