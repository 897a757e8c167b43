-- name: organisations
select code from organisation order by code limit 1000

-- name: refs
-- What a scope names: null, false or left out where it is not known.
select (select organisations_below(o.code) from organisation o where o.code = %(organisation)s) as organisations,
       exists (select from region r where starts_with(r.code, %(region)s::text))
           or exists (select from device d where d.region like %(region)s::text || '%%') as region,
       exists (select from device d
               where d.tags ? split_part(%(tag)s::text, ':', 1) and has_tag(d.tags, %(tag)s::text)) as tag,
       (select jsonb_object_agg(d.code, d.id) from device d where d.code = any (%(devices)s::text[])) as devices
