select id, received_at, transport, address, device, reason, detail, payload, payload_size,
       replays, replayed_at
from dead_letter
where id = %(id)s
