-- name: channels
select g.channel, d.name, p.name as maker, p.code as model, d.organisation, o.name as owner, d.region, d.lon, d.lat,
       coalesce(h.online, false) as online, g.category, g.ceiling, n.channel as gateway
from forward_grant g
join device d on d.id = g.device_id
join profile p on p.id = d.profile_id
left join organisation o on o.code = d.organisation
left join device_health h on h.device_id = d.id
left join forward_grant n on n.target_id = g.target_id and n.device_id = d.parent_id
where g.target_id = %(target)s and g.channel is not null
order by g.channel

-- name: divisions
select distinct on (code) code, name from region
where code = any (%(codes)s) and valid_from <= current_date
order by code, valid_from desc
