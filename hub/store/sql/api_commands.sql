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
