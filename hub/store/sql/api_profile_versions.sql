-- The newest first.
select v.version, v.at, v.body
from profile_version v
join profile p on p.id = v.profile_id
where p.code = %(code)s
  and (%(version)s::int is null or v.version = %(version)s)
  and (%(after_version)s::int is null or v.version < %(after_version)s)
order by v.version desc
limit %(limit)s
