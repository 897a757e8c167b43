-- name: catalogue_export
-- All devices that match, as the catalogue shows them.
select c.code, c.name, c.profile, c.profile_name, c.category, c.organisation, c.organisation_name, c.region,
       c.region_path, c.lon, c.lat, c.parent, c.tags, c.state, c.online, c.online_since, c.last_seen, c.created_at
from catalogue_matches(%(q)s, true, %(region)s, %(organisation)s, %(profiles)s, %(state)s, %(parent)s,
                       %(tag_key)s, %(tag_text)s, %(tag_value)s, %(online)s, %(west)s, %(south)s, %(east)s, %(north)s) f
join catalogue c using (id)
order by c.code
