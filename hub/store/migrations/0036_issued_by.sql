-- Who has handed out an account's last one-time password: he grants it nothing.

alter table account add column issued_by text;
comment on column account.issued_by is 'Actor who made its last one-time password';
update account a set issued_by = (
    select u.actor from audit u
    where u.subject = 'principal:' || a.principal_id and u.action in ('account.add', 'account.reset')
    order by u.id desc limit 1
);
