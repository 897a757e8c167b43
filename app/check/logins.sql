-- name: counts
select (select count(*) from account a join principal p on p.id = a.principal_id where p.state = 'active') as accounts,
       (select count(*) from api_key where revoked_at is null and (expires_at is null or expires_at > now())) as keys,
       (select count(distinct p.id) from account a join principal p on p.id = a.principal_id
        join access_grant g on g.principal_id = p.id and (g.valid_to is null or g.valid_to > now())
        where p.state = 'active' and a.totp_secret is null
          and g.role in ('system_administrator', 'security_administrator', 'auditor')) as bare
