-- Only rows in which something differs are written, so the others keep their revision. A column that the file
-- does not have stays as it is.
with given as (
    select d.id, r.name, p.id as profile_id,
           case when 'parent' = any (%(columns)s) then parent.id else d.parent_id end as parent_id,
           case when 'organisation' = any (%(columns)s) then r.organisation else d.organisation end as organisation,
           case when 'region' = any (%(columns)s) then r.region else d.region end as region,
           case when 'lon' = any (%(columns)s) then r.lon else d.lon end as lon,
           case when 'lat' = any (%(columns)s) then r.lat else d.lat end as lat
    from jsonb_to_recordset(%(rows)s) as r (code text, name text, profile text, parent text, organisation text,
                                            region text, lon float8, lat float8)
    join device d on d.code = r.code
    join profile p on p.code = r.profile
    left join device parent on parent.code = r.parent
)
update device d
set name = g.name, profile_id = g.profile_id, parent_id = g.parent_id, organisation = g.organisation,
    region = g.region, lon = g.lon, lat = g.lat
from given g
where d.id = g.id
  and (d.name, d.profile_id, d.parent_id, d.organisation, d.region, d.lon, d.lat)
      is distinct from (g.name, g.profile_id, g.parent_id, g.organisation, g.region, g.lon, g.lat)
returning d.code
