-- name: letters
-- What was refused of a code since a time, oldest first.
select received_at, transport, address, reason, detail, detail_words, at,
       substring(payload from 1 for 4096) as payload, payload_size
from dead_letter
where device = %(code)s and received_at > %(since)s
order by received_at
limit 200

-- name: readings
-- Readings of a device later than a time, oldest first; at most 100 a series.
select s.metric, r.ts, r.value, r.quality, p.metrics -> s.metric ->> 'unit' as unit
from series s
join device d on d.id = s.device_id
join profile p on p.id = d.profile_id
cross join lateral (
    select ts, value, quality from reading where series_id = s.id and ts > %(since)s order by ts limit 100
) r
where d.code = %(code)s
order by r.ts, s.id
limit 500
