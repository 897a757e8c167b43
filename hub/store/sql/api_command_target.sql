-- The device that is to be told, whom to tell it through, what its profile allows, and what it has not answered yet.
select d.id, d.code, d.state, g.code as gateway, p.code as profile, p.commands,
       (select count(*) from command c where c.device_id = d.id and c.settled_at is null) as under_way
from device d
join profile p on p.id = d.profile_id
left join device g on g.id = d.parent_id
where d.code = %(code)s
