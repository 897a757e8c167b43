-- name: note
insert into push_sender (subscription, address, imei, product, first_at, heard_at, waits)
select n.subscription, n.address, n.imei, n.product, n.heard_at, n.heard_at, n.waits
from unnest(%(subscription)s::text[], %(address)s::text[], %(imei)s::text[], %(product)s::text[],
            %(heard_at)s::timestamptz[], %(waits)s::boolean[])
    as n (subscription, address, imei, product, heard_at, waits)
join push_subscription p on p.code = n.subscription
where not n.waits or (select count(*) from push_sender s where s.subscription = n.subscription and s.waits) < %(most)s
on conflict (subscription, address) do update
set imei = coalesce(excluded.imei, push_sender.imei), product = coalesce(excluded.product, push_sender.product),
    heard_at = greatest(push_sender.heard_at, excluded.heard_at), waits = push_sender.waits or excluded.waits
