-- name: principal_add
insert into principal (kind, name, display_name, organisation)
values (%(kind)s, %(name)s, %(display_name)s, %(organisation)s)
on conflict do nothing
returning id

-- name: account_add
insert into account (principal_id, password_hash, issued_by) values (%(id)s, %(password_hash)s, %(issued_by)s)

-- name: locked_account
-- With its row of principal: changes of one account take turns.
select p.id, p.name, p.display_name, p.organisation, p.state, coalesce(a.must_change, false) as must_change,
       a.totp_secret is not null as second_factor, a.principal_id is null as provider
from principal p
left join account a on a.principal_id = p.id
where lower(p.name) = lower(%(name)s) and p.state <> 'erased' and p.kind = 'person'
for update of p

-- name: accounts
select p.id, p.name, p.display_name, p.organisation, p.state, coalesce(a.must_change, false) as must_change,
       a.totp_secret is not null as second_factor, a.principal_id is null as provider, p.created_at,
       a.changed_at as password_changed_at,
       (select c.phone from contact c where c.principal_id = p.id) as phone,
       (select max(s.created_at) from login_session s where s.principal_id = p.id) as last_login_at,
       (select coalesce(array_agg(distinct g.role order by g.role), '{}') from access_grant g
        where g.principal_id = p.id and (g.valid_to is null or g.valid_to > now())) as roles
from principal p
left join account a on a.principal_id = p.id
where p.state <> 'erased' and p.kind = 'person' and (%(name)s::text is null or lower(p.name) = lower(%(name)s))
  and (%(after_name)s::text is null or p.name > %(after_name)s)
order by p.name
limit %(limit)s

-- name: change
update principal set display_name = %(display_name)s, organisation = %(organisation)s where id = %(id)s

-- name: state
update principal set state = %(state)s where id = %(id)s

-- name: password
update account set password_hash = %(password_hash)s, must_change = false, changed_at = clock_timestamp()
where principal_id = %(id)s

-- name: one_time_password
update account
set password_hash = %(password_hash)s, must_change = true, issued_by = %(issued_by)s, changed_at = clock_timestamp()
where principal_id = %(id)s

-- name: second_factor_off
update account set totp_secret = null, totp_pending = null, recovery_codes = '{}' where principal_id = %(id)s

-- name: end_sessions
update login_session set ended_at = clock_timestamp(), ended_why = %(why)s
where principal_id = %(id)s and ended_at is null and id is distinct from %(but)s::uuid
returning id

-- name: first_account_lock
select pg_advisory_xact_lock(hashtext('ganzhi.first_account'))

-- name: any_account
select exists (select from account)

-- name: organisation
-- Held until the account is stored.
select code from organisation where code = %(code)s for key share

-- name: principal
select id, kind, name, state from principal where lower(name) = lower(%(name)s) and state <> 'erased' for update

-- name: certificate_add
insert into client_certificate (subject, principal_id, created_by)
values (%(subject)s, %(principal)s, %(created_by)s)
on conflict (subject) do update set subject = excluded.subject
where client_certificate.principal_id = excluded.principal_id
returning subject

-- name: certificates_end
delete from client_certificate where principal_id = %(id)s returning subject

-- name: certificate_remove
delete from client_certificate where subject = %(subject)s and principal_id = %(principal)s returning subject
