-- name: conflicts
select o.id, o.system, o.case_id as "case", c.number, k.outside_id, o.state, o.target, o.state_at, o.note, o.stage,
       c.stage as stage_now, o.reason, o.reason_words, o.times, o.found_at, o.told_at, o.resolved_at, o.resolved_by,
       o.resolved_as, o.resolution
from outside_conflict o
join case_file c on c.id = o.case_id
left join outside_case k on k.case_id = o.case_id and k.system = o.system
where (%(id)s::uuid is null or o.id = %(id)s)
  and (%(system)s::text is null or o.system = %(system)s)
  and (%(case)s::uuid is null or o.case_id = %(case)s)
  and (not %(open)s or o.resolved_at is null)
  and (%(after_found_at)s::timestamptz is null or (o.found_at, o.id) < (%(after_found_at)s, %(after_id)s::uuid))
order by o.found_at desc, o.id desc
limit %(limit)s
