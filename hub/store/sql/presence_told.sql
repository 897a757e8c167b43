update device_health h set told = true
from unnest(%(device_id)s::int[], %(finding_at)s::timestamptz[]) as n (device_id, finding_at)
where h.device_id = n.device_id and h.finding_at = n.finding_at
