-- The devices of a page that was found in the catalogue, in its order.
select d.code, d.name, p.code as profile, parent.code as parent, d.organisation, d.region, d.lon, d.lat,
       d.zone, d.tags, d.state, d.created_at
from unnest(%(ids)s::int[]) with ordinality as wanted (id, place)
join device d using (id)
join profile p on p.id = d.profile_id
left join device parent on parent.id = d.parent_id
order by wanted.place
