-- name: next_changes
-- How far it came, how far it comes now, and how many changes that are. Cursors rise in the order of commit.
with after as (select cursor from case_rule_position for update),
    upcoming as (select c.cursor from alert_change c, after where c.cursor > after.cursor order by c.cursor limit %(batch)s)
select after.cursor, (select max(cursor) from upcoming), (select count(*) from upcoming)
from after

-- name: wanted
-- Of an alert that rises further changes say the same: it has its case by then. One that was found false, or merged,
-- before the leader came is nobody's matter, unless it is reopened.
select distinct on (a.id) a.id, r.code, a.title, a.peak_level, coalesce(d.region, a.region),
       coalesce(d.organisation, a.organisation), coalesce(d.lon, a.lon), coalesce(d.lat, a.lat),
       k.category_kind, k.code, k.version
from alert_change c
join alert a on a.id = c.alert_id
left join device d on d.id = a.device_id
left join profile p on p.id = d.profile_id
left join rule of on of.id = a.rule_id
join case_rule r
     on r.enabled and r.made_at <= a.raised_at and r.min_level <= a.peak_level
     and (r.region is null or coalesce(d.region, a.region) like r.region || '%%')
     and (r.organisation is null or r.organisation = coalesce(d.organisation, a.organisation))
     and (r.category is null or r.category = coalesce(p.category, a.category))
     and (r.event_kind is null or r.event_kind = coalesce(of.event_kind, a.event_kind))
     and (r.area is null or r.area = any (areas_of(coalesce(d.area_keys, a.area_keys))))
left join case_category k
     on k.category_kind = r.case_category_kind and k.code = r.case_category
     and k.version = (select max(version) from case_table where kind = 'categories')
where c.cursor > %(after)s and c.cursor <= %(upto)s and c.kind in ('raised', 'updated', 'reopened')
  and a.handling not in ('false_alarm', 'merged') and a.origin <> 'hub' and a.drill_id is null
  and not exists (select from case_file f where f.alert_id = a.id)
order by a.id, r.code

-- name: move
update case_rule_position set cursor = %(cursor)s
