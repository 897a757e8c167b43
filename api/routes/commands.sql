-- name: command_failed
update command set state = 'failed', error = %(error)s, settled_at = clock_timestamp()
where id = %(id)s and settled_at is null
returning id

-- name: command_insert
insert into command (id, device_id, name, params, actor, key, expires_at)
values (%(id)s, %(device_id)s, %(name)s, %(params)s, %(actor)s, %(key)s,
        clock_timestamp() + make_interval(secs => %(timeout_s)s))
on conflict (device_id, key) do nothing
returning created_at, expires_at

-- name: command_keyed
select id, name, params from command where device_id = %(device_id)s and key = %(key)s

-- name: command_sent
-- The reply may have been faster.
update command set sent_at = clock_timestamp(), state = case when state = 'pending' then 'sent' else state end
where id = %(id)s

-- name: command_target
-- The device that is to be told, whom to tell it through, what its profile allows, and what it has not answered yet.
select d.id, d.code, d.state, g.code as gateway, p.code as profile, p.commands,
       (select count(*) from command c where c.device_id = d.id and c.settled_at is null) as under_way
from device d
join profile p on p.id = d.profile_id
left join device g on g.id = d.parent_id
where d.code = %(code)s

-- name: commands
select c.id, d.code as device, c.name, c.params, c.state, c.actor, c.created_at, c.expires_at, c.sent_at, c.settled_at,
       c.replied_at, c.reply, c.late, c.error
from command c
join device d on d.id = c.device_id
where (%(id)s::uuid is null or c.id = %(id)s)
  and (%(device)s::text is null or d.code = %(device)s)
  and (%(state)s::text is null or c.state = %(state)s)
  and (%(after_created_at)s::timestamptz is null or c.created_at < %(after_created_at)s
       or (c.created_at = %(after_created_at)s and c.id > %(after_id)s))
order by c.created_at desc, c.id
limit %(limit)s
