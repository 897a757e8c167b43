-- name: networks
select l.name, l.protocol, network_state(l, '-infinity'), l.heard_at at time zone 'UTC', l.away_since at time zone 'UTC'
from network_listening l order by l.name
