-- name: mark
with before as (
    select until_at from push_listening for update
), away as (
    select until_at as from_at, clock_timestamp() as to_at from before
    where until_at < clock_timestamp() - make_interval(secs => %(most)s)
), told as (
    insert into push_gap (device_id, subscription, from_at, to_at, cause, state)
    select a.device_id, p.code, w.from_at, w.to_at, 'away',
           case when push_asked(p.api_url, p.api_secret) then 'waits' else 'open' end
    from away w
    cross join push_subscription p
    join push_sender s on s.subscription = p.code
    join device_address a on (a.scheme, a.address) = (push_scheme(p.platform), s.address)
    join device d on d.id = a.device_id and d.state = 'active'
    where p.enabled and (p.platform <> 'onenet' or w.to_at - w.from_at > interval '2 hours 45 minutes')
    on conflict do nothing
    returning 1
), noted as (
    insert into push_listening (until_at) values (clock_timestamp())
    on conflict (one) do update set until_at = excluded.until_at
)
select (select count(*) from told), from_at, to_at from away
