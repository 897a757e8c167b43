-- name: tail_family
-- A device and what hangs on it, at most 1,000, as the ingest path knows them.
select d.id, d.code, parent.code as gateway, d.zone, d.state = 'active' as active, d.profile_id,
       coalesce(s.metrics, '{}') as metrics, coalesce(s.ids, '{}') as ids
from device d
left join device parent on parent.id = d.parent_id
left join lateral (
    select array_agg(metric order by id) as metrics, array_agg(id order by id) as ids from series where device_id = d.id
) s on true
where d.code = %(code)s or d.parent_id = (select id from device where code = %(code)s)
limit 1000
