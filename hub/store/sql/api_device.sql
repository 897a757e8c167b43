select d.code, d.name, p.code as profile, parent.code as parent, d.organisation, d.region, d.lon, d.lat,
       d.zone, d.tags, d.state, d.created_at
from device d
join profile p on p.id = d.profile_id
left join device parent on parent.id = d.parent_id
where d.code = %(code)s
