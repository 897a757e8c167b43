select p.code as profile, p.name,
       count(*) filter (where h.online) as online,
       count(*) filter (where not h.online) as offline,
       count(*) filter (where h.online is null) as unknown
from device d
join profile p on p.id = d.profile_id
left join device_health h on h.device_id = d.id
where d.state = 'active'
group by p.id
order by p.code
