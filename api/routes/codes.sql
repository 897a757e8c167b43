-- name: mapped
-- What is known from now on; it comes back if a device sends it that has another profile.
delete from public.unmapped_code
where protocol = %(protocol)s
  and (what = 'metric' and code = any (%(metrics)s::text[]) or what = 'state' and code = any (%(states)s::text[]))

-- name: newest
-- What operators gave, of one protocol or of all.
select distinct on (protocol) protocol, version, body, at, changed_by as by
from code_table
where %(protocol)s::text is null or protocol = %(protocol)s
order by protocol, version desc

-- name: put
-- Returns a row only when something was written: what is the same already is no version.
insert into code_table (protocol, version, body, changed_by)
select %(protocol)s, coalesce(max(version), 0) + 1, %(body)s, %(by)s
from code_table where protocol = %(protocol)s
having (array_agg(body order by version desc))[1] is distinct from %(body)s
returning version

-- name: unmapped
select u.protocol, u.what, u.code, count(*)::int as devices, sum(u.count)::bigint as count,
       (array_agg(d.code order by u.last_at desc, d.code))[1] as device, min(u.first_at) as first_at,
       max(u.last_at) as last_at, (array_agg(u.example order by u.last_at desc, d.code))[1] as example
from unmapped_code u
join device d on d.id = u.device_id
where (%(protocol)s::text is null or u.protocol = %(protocol)s)
  and (%(device)s::text is null or d.code = %(device)s)
  and (%(after_protocol)s::text is null
       or (u.protocol, u.what, u.code) > (%(after_protocol)s, %(after_what)s, %(after_code)s))
group by u.protocol, u.what, u.code
order by u.protocol, u.what, u.code
limit %(limit)s

-- name: versions
-- The newest first.
select version, at, case when %(named)s then changed_by end as by, body
from code_table
where protocol = %(protocol)s and (%(after_version)s::int is null or version < %(after_version)s)
order by version desc
limit %(limit)s
