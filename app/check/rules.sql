-- name: enabled
-- Rules in force, with the category of their profile.
select r.code, r.thresholds, (array['blue', 'yellow', 'orange', 'red'])[r.event_level] as level, r.guidance, r.event_kind,
       case r.signal when 'value' then r.metric end, p.category
from rule r
left join profile p on p.id = r.profile_id
where r.enabled
order by r.code
