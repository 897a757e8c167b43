-- name: presence_heard
-- Since when all of them hear without a gap, and until when; no row when nothing can be told from silence.
select (extract(epoch from max(since)) * 1000000)::bigint, (extract(epoch from min(at)) * 1000000)::bigint, min(at)
from listening
having count(*) filter (where ears) > 0 and isfinite(max(since)) and isfinite(min(at))

-- name: presence_put
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

-- name: presence_watch
-- One row of columns, packed: 100,000 rows take psycopg 0.7 s one by one. Flags, from the lowest bit: active, in
-- maintenance, finding (1 each); what it says and what was decided, plus 1 (2 each); cause (2).
-- Of what a platform pushes, silence counts only until its subscription was heard last; after a pause of that, anew.
-- So it does of what a network publishes at its broker, or until the connection to that ended; and of what an edge hands
-- over across a data diode until the edge had heard all that is here, without a gap in its numbers. A channel of a recorder that
-- registers over SIP says nothing of itself: it is there as its recorder's directory says, as long as that is.
with sip as materialized (
    select distinct coalesce(a.device_id, k.id) as device_id
    from sip_registration r
    left join device_address a on a.scheme = 'gb28181' and a.address = r.id
    left join device k on k.code = r.id
)
select string_agg(int4send(w.id), ''), string_agg(int4send(coalesce(w.parent_id, 0)), ''),
       string_agg(float8send(w.allowed), ''), string_agg(int2send(w.flags::int2), ''),
       string_agg(timestamptz_send(w.seen_at), ''), string_agg(timestamptz_send(w.said_at), ''),
       string_agg(timestamptz_send(w.ended), ''), string_agg(timestamptz_send(w.since), '')
from (
    select d.id, d.parent_id,
           case when v.device_id is not null and registered.device_id is null then 0 else coalesce(
               p.offline_after_s + coalesce(c.unheard_s, 0),
               case when p.interval_s > 0 then greatest(3 * p.interval_s, %(least_s)s) + coalesce(c.unheard_s, 0) end, 0
           ) end::float8 as allowed,
           (d.state = 'active')::int + coalesce(m.now, false)::int * 2 + coalesce(h.finding, false)::int * 4
               + coalesce(t.online::int + 1, 0) * 8 + coalesce(h.online::int + 1, 0) * 32
               + case h.cause when 'silence' then 1 when 'status' then 2 when 'gateway' then 3 else 0 end * 128 as flags,
           coalesce(s.seen_at, '-infinity') as seen_at, coalesce(t.at, '-infinity') as said_at,
           coalesce(greatest(m.ended, c.back_at), '-infinity') as ended, coalesce(h.since, '-infinity') as since
    from device d
    join profile p on p.id = d.profile_id
    left join device_seen s on s.device_id = d.id
    left join device_status t on t.device_id = d.id
    left join device_health h on h.device_id = d.id
    left join (
        select device_id, bool_or(to_at > %(at)s) as now, max(to_at) filter (where to_at <= %(at)s) as ended
        from maintained where from_at <= %(at)s and to_at > %(at)s::timestamptz - interval '31 days' group by device_id
    ) m on m.device_id = d.id
    left join (
        select w.device_id, max(w.back_at) as back_at,
               case when bool_and(w.until is not null)
               then greatest(extract(epoch from %(at)s::timestamptz - max(w.until)), 0) end as unheard_s
        from (
            select a.device_id, p.back_at,
                   case when push_limit(p.rhythm_s, p.longest_s, p.longest_before_s, p.pushes) is not null
                   then p.heard_at end as until
            from push_subscription p
            join push_sender n on n.subscription = p.code
            join device_address a on (a.scheme, a.address) = (push_scheme(p.platform), n.address)
            where p.heard_at is not null
            union all
            select a.device_id, l.back_at,
                   case when network_limit(l) is not null then l.heard_at else l.away_since end
            from network_listening l
            join network_sender n on n.network = l.name
            join device_address a on (a.scheme, a.address) = (l.scheme, n.address)
            where l.heard_at is not null
            union all
            select s.device_id, e.back_at, e.until
            from diode_sender s
            join (
                select edge, max(back_at) as back_at, max(coalesce(heard_at, first_at)) as until
                from diode_chain group by edge
            ) e on e.edge = s.edge
        ) w
        group by w.device_id
    ) c on c.device_id = d.id
    left join (
        select distinct a.device_id
        from device_address a join device k on k.id = a.device_id join sip s on s.device_id = k.parent_id
        where a.scheme = 'gb28181'
    ) v on v.device_id = d.id
    left join sip registered on registered.device_id = d.id
    where d.state = 'active' or h.online is not null
) w
