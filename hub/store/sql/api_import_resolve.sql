-- What each row means beside what is registered: a column that the sheet does not have stays as it is, and so does
-- a state that is left empty. A new device has what a device has of which nothing is told.
update device_import i
set id = d.id, fresh = d.id is null, profile_id = p.id, region_before = d.region, state_before = d.state,
    parent = case when 'parent' = any (%(columns)s) then i.parent else above.code end,
    organisation = case when 'organisation' = any (%(columns)s) then i.organisation else d.organisation end,
    region = case when 'region' = any (%(columns)s) then i.region else d.region end,
    lon = case when 'lon' = any (%(columns)s) then i.lon else d.lon end,
    lat = case when 'lat' = any (%(columns)s) then i.lat else d.lat end,
    zone = coalesce(case when 'zone' = any (%(columns)s) then i.zone else d.zone end, 'Asia/Shanghai'),
    state = coalesce(i.state, d.state, 'active'),
    tags = coalesce(case when 'tags' = any (%(columns)s) then i.tags else d.tags end, '{}')
from device_import self
left join device d on d.code = self.code
left join device above on above.id = d.parent_id
left join profile p on p.code = self.profile
where self.line = i.line
