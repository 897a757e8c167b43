-- name: put
insert into contact (principal_id, phone) values (%(id)s, %(phone)s)
on conflict (principal_id) do update set phone = excluded.phone, changed_at = clock_timestamp()

-- name: remove
delete from contact where principal_id = %(id)s

-- name: stored
select phone from contact where principal_id = %(id)s
