-- name: catalogue_items
select c.code, c.name, c.profile, c.profile_name, c.category, c.organisation, c.organisation_name, c.region,
       c.region_path, c.lon, c.lat, c.parent, c.tags, c.state, c.online, c.online_since, c.last_seen, c.created_at
from unnest(%(ids)s::int[]) with ordinality as wanted (id, place)
join catalogue c using (id)
order by wanted.place
