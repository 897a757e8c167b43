-- New devices of an import; a parent that comes in the same file is set by api_import_update.
insert into device (code, name, profile_id, parent_id, organisation, region, lon, lat)
select r.code, r.name, p.id, parent.id, r.organisation, r.region, r.lon, r.lat
from jsonb_to_recordset(%(rows)s) as r (code text, name text, profile text, parent text, organisation text,
                                        region text, lon float8, lat float8)
join profile p on p.code = r.profile
left join device parent on parent.code = r.parent
order by r.code
on conflict (code) do nothing
returning code
