select k.code, p.code as profile, k.organisation, k.state, k.device_limit as limit, k.used, k.expires_at, k.enabled,
       k.created_at, k.rotated_at
from provisioning_key k join profile p on p.id = k.profile_id
where (%(code)s::text is null or k.code = %(code)s)
  and (%(after_code)s::text is null or k.code > %(after_code)s)
order by k.code
limit %(limit)s
