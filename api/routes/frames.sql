-- name: frame_profile
-- The profile of a device, or of a code, and the zone of the device's clock.
select p.code, p.metrics, p.max_future_s, p.unknown_metrics, p.events, p.mapping, d.zone
from profile p
left join device d on d.profile_id = p.id and d.code = %(device)s::text
where case when %(device)s::text is null then p.code = %(profile)s::text else d.id is not null end
