-- name: no_news
-- Counts of more than a day ago are of another time.
insert into device_no_news as n (device_id, retained, empty, address, last_at)
select * from unnest(
    %(devices)s::int[], %(retained)s::bigint[], %(empty)s::bigint[], %(addresses)s::text[], %(last_at)s::timestamptz[]
)
on conflict (device_id) do update
set retained = excluded.retained + case when n.last_at > excluded.last_at - interval '1 day' then n.retained else 0 end,
    empty = excluded.empty + case when n.last_at > excluded.last_at - interval '1 day' then n.empty else 0 end,
    address = excluded.address,
    last_at = excluded.last_at
