-- name: channels_call
insert into device_address (scheme, address, device_id)
select %(scheme)s, id, device_id from unnest(%(device_id)s::int[], %(id)s::text[]) as n (device_id, id)
on conflict do nothing

-- name: channels_name
update device d set name = n.name
from unnest(%(id)s::text[], %(name)s::text[]) as n (id, name)
where d.code = n.id and d.parent_id = %(gateway)s and d.state = 'pending' and d.name <> n.name

-- name: channels_profile
select id from profile where code = %(profile)s

-- name: channels_put
-- Not what is registered, by its number (a camera has one in both standards) or its code. The division is that of the
-- recorder where both are of one county, else that of the number, if there is such a one.
insert into device (code, name, profile_id, parent_id, organisation, region, lon, lat, zone, state)
select n.id, n.name, p.id, g.id, g.organisation,
       case when g.region ^@ left(n.id, 6) then g.region
            else coalesce((select r.code from region r where r.code = left(n.id, 6) || '000000' limit 1), g.region) end,
       n.lon, n.lat, g.zone, 'pending'
from unnest(%(id)s::text[], %(name)s::text[], %(lon)s::float8[], %(lat)s::float8[]) as n (id, name, lon, lat)
join profile p on p.code = %(profile)s
join device g on g.id = %(gateway)s
where not exists (select from device_address a where a.scheme in ('gb28181', 'gat1400') and a.address = n.id)
  and (select count(*) from device c where c.parent_id = %(gateway)s) < %(most)s
on conflict (code) do nothing
returning id, code

-- name: channels_stepped
-- Those that are deleted are retired, the pending ones, too: a device is never deleted. Those that were retired so and are
-- told of again wait to be accepted.
with told as (
    select coalesce(a.device_id, d.id) as id, n.gone
    from (select unnest(%(gone)s::text[]) as code, true as gone
          union all select unnest(%(id)s::text[]), false) n
    left join device_address a on a.scheme in ('gb28181', 'gat1400') and a.address = n.code
    left join device d on d.code = n.code
), stepped as (
    select d.id, d.state as before, case when t.gone then 'retired' else 'pending' end as to_state
    from told t join device d on d.id = t.id
    where d.parent_id = %(gateway)s
      and case when t.gone then d.state <> 'retired'
          else d.state = 'retired' and (select a.actor from audit a where a.subject = d.code and a.action = 'device.step'
                                        order by a.id desc limit 1) = %(actor)s end
    for update of d
)
update device d set state = s.to_state from stepped s where d.id = s.id returning d.code, s.before, s.to_state
