-- name: step
update device set state = %(state)s where code = %(code)s

-- name: steps
select id, at, actor, detail ->> 'from' as before, detail ->> 'to' as to, detail ->> 'note' as note
from audit
where subject = %(code)s and action = 'device.step'
  and (%(after_id)s::bigint is null or id < %(after_id)s)
order by id desc
limit %(limit)s
