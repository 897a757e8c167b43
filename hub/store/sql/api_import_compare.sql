-- The first rows that are new or change something, and for the latter each column as it was and as it will be.
with pair as (
    select i.line, i.code, i.fresh,
           to_jsonb(was) as was,
           to_jsonb(becomes) as becomes
    from device_import i
    left join device d on d.id = i.id
    left join device above on above.id = d.parent_id
    left join profile p on p.id = d.profile_id
    cross join lateral (select d.name, p.code as profile, above.code as parent, d.organisation, d.region, d.lon,
                               d.lat, d.zone, d.state, d.tags) was
    cross join lateral (select i.name, i.profile, i.parent, i.organisation, i.region, i.lon, i.lat, i.zone,
                               i.state, i.tags) becomes
    where i.fresh or i.differs
    order by i.line
    limit %(limit)s
)
select line, code, fresh,
       case when not fresh then
           (select jsonb_object_agg(k, jsonb_build_array(was -> k, becomes -> k))
            from jsonb_object_keys(becomes) as k where was -> k is distinct from becomes -> k)
       end as changes
from pair
order by line
