-- name: click
insert into desk_presence (principal_id, clicked_at, clicked_until)
values (%(id)s, clock_timestamp(), clock_timestamp() + make_interval(secs => %(interval_s)s))
on conflict (principal_id) do update set clicked_at = excluded.clicked_at, clicked_until = excluded.clicked_until

-- name: stream
insert into desk_presence (principal_id, streamed_until)
select id, clock_timestamp() + make_interval(secs => %(lasts_s)s) from unnest(%(ids)s::uuid[]) as t (id)
on conflict (principal_id) do update set streamed_until = excluded.streamed_until
