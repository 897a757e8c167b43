-- name: registered
insert into viid_registration (id, host, agent) values (%(id)s, %(host)s, %(agent)s)
on conflict (id) do update set host = excluded.host, agent = excluded.agent, at = clock_timestamp()

-- name: gone
delete from viid_registration where id = %(id)s and host = %(host)s

-- name: registrations
select id, host from viid_registration

-- name: dropped
update viid_registration r set dropped = r.dropped + n.count, dropped_at = clock_timestamp()
from unnest(%(id)s::text[], %(count)s::bigint[]) as n (id, count)
where r.id = n.id
