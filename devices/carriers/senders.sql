-- name: displace
-- The oldest letters of senders go: as many of each as are new. Those that are replayed now are passed over.
delete from dead_letter
where id in (
    select o.id
    from unnest(%(subscription)s::text[], %(address)s::text[], %(new)s::int[]) as n (subscription, address, new)
    cross join lateral (
        select l.id from dead_letter l
        where l.device = n.address and l.transport = 'push' and l.reason = 'unknown_device'
          and l.address ^@ (n.subscription || '/')
        order by l.received_at limit n.new
        for update skip locked) o)

-- name: note
-- Of a subscription with the most that may wait only those that are known are noted; that is counted once for all.
with n as (
    select * from unnest(%(subscription)s::text[], %(address)s::text[], %(imei)s::text[], %(product)s::text[],
                         %(heard_at)s::timestamptz[], %(waits)s::boolean[])
        as n (subscription, address, imei, product, heard_at, waits)
), p as (
    select p.code, (select count(*) from push_sender s where s.subscription = p.code and s.waits) < %(most)s as has_room
    from push_subscription p where p.code in (select subscription from n)
)
insert into push_sender (subscription, address, imei, product, first_at, heard_at, waits)
select n.subscription, n.address, n.imei, n.product, n.heard_at, n.heard_at, n.waits
from n join p on p.code = n.subscription
where not n.waits or p.has_room
   or exists (select from push_sender s where (s.subscription, s.address) = (n.subscription, n.address))
on conflict (subscription, address) do update
set imei = coalesce(excluded.imei, push_sender.imei), product = coalesce(excluded.product, push_sender.product),
    heard_at = greatest(push_sender.heard_at, excluded.heard_at), waits = push_sender.waits or excluded.waits

-- name: waiting
-- By subscription: letters that wait, and bytes of them.
select split_part(address, '/', 1) as subscription, count(*), sum(least(payload_size, 65536))::bigint
from dead_letter
where transport = 'push' and reason = 'unknown_device'
group by 1
