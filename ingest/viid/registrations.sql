-- name: registered
insert into viid_registration (id, host, agent) values (%(id)s, %(host)s, %(agent)s)
on conflict (id) do update set host = excluded.host, agent = excluded.agent, at = clock_timestamp()

-- name: gone
delete from viid_registration where id = %(id)s and host = %(host)s

-- name: registrations
select id, host from viid_registration
