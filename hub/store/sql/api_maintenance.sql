select m.id, d.code as device, m.from_at, m.to_at, m.note, now() >= m.from_at and now() < m.to_at as running
from maintenance m
join device d on d.id = m.device_id
where d.code = %(code)s
  and (%(id)s::bigint is null or m.id = %(id)s)
  and (%(running)s::boolean is null or (now() >= m.from_at and now() < m.to_at) = %(running)s)
  and (%(after_from_at)s::timestamptz is null or (m.from_at, m.id) < (%(after_from_at)s, %(after_id)s))
order by m.from_at desc, m.id desc
limit %(limit)s
