with decided as (
    select * from unnest(%(device_id)s::int[], %(online)s::int[], %(cause)s::text[], %(finding)s::boolean[])
        as n (device_id, state, cause, finding)
), before as (
    select n.device_id, n.state::boolean as online, n.cause, n.finding,
           h.device_id is null or (h.online, h.cause) is distinct from (n.state::boolean, n.cause) as turned,
           coalesce(h.finding, false) <> n.finding as pages
    from (select device_id, nullif(state, -1) as state, cause, finding from decided) n
    left join device_health h on h.device_id = n.device_id
), history as (
    insert into device_online (device_id, at, online, cause)
    select device_id, %(at)s, online, cause from before where turned
    on conflict do nothing
)
insert into device_health (device_id, online, since, cause, finding, finding_at, told)
select device_id, online, %(at)s, cause, finding, case when pages then %(at)s end, not pages from before
on conflict (device_id) do update set
    online = excluded.online,
    since = case when device_health.online is distinct from excluded.online then excluded.since
            else device_health.since end,
    cause = excluded.cause,
    finding = excluded.finding,
    finding_at = coalesce(excluded.finding_at, device_health.finding_at),
    told = device_health.told and excluded.told
