-- name: place
-- The areas that hold a place, and the borders that it is near to.
select areas_of(area_keys(%(organisation)s, %(region)s, %(lon)s, %(lat)s)) as areas,
       case when %(border_m)s > 0 then
           (select jsonb_object_agg(b.key, b.distance) from borders_near(%(lon)s, %(lat)s, %(border_m)s) b) end as near,
       (select inhibitors(d.parent_id, %(event_kind)s) from device d
        where d.code = %(device)s and d.parent_id is not null) as inhibitors
