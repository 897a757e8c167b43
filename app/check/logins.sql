-- name: counts
select (select count(*) from account a join principal p on p.id = a.principal_id where p.state = 'active') as accounts,
       (select count(*) from api_key where revoked_at is null and (expires_at is null or expires_at > now())) as keys,
       (select count(distinct p.id) from account a join principal p on p.id = a.principal_id
        join access_grant g on g.principal_id = p.id and (g.valid_to is null or g.valid_to > now())
        where p.state = 'active' and a.totp_secret is null
          and g.role in ('system_administrator', 'security_administrator', 'auditor')) as bare

-- name: grants
-- What everybody holds who is let in, or may be again once unlocked; a grant that has yet to begin, too.
select p.name, p.kind, array_agg(distinct g.role) as roles
from principal p
join access_grant g on g.principal_id = p.id and (g.valid_to is null or g.valid_to > now())
where p.state <> 'erased'
group by p.id
order by p.name
