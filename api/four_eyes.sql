-- name: role_held
select 1 from access_grant where principal_id = %(id)s and (valid_to is null or valid_to > now()) limit 1

-- name: handed_out
select 1 from account where principal_id = %(id)s and issued_by = %(actor)s
union all
select 1 from api_key
where principal_id = %(id)s and created_by = %(actor)s and revoked_at is null
  and (expires_at is null or expires_at > now())
limit 1
