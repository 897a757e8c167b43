-- name: noted
-- What is learned of pauses leaves out those that were outages. An outage or a silence that ends gives all of its
-- devices their whole time again.
insert into network_listening as l
    (name, protocol, scheme, reader, rhythm_s, away_since, connected_at, heard_at, messages, longest_s)
values (%(name)s, %(protocol)s, %(scheme)s, %(reader)s, %(rhythm_s)s,
    case when not %(connected)s then clock_timestamp() end, case when %(connected)s then clock_timestamp() end,
    %(last)s, %(messages)s, coalesce(%(longest)s::float8, 0))
on conflict (name) do update set
    protocol = excluded.protocol, scheme = excluded.scheme, reader = excluded.reader, rhythm_s = excluded.rhythm_s,
    at = clock_timestamp(),
    away_since = case when not %(connected)s then coalesce(l.away_since, clock_timestamp()) end,
    connected_at = case when l.away_since is null then l.connected_at else excluded.connected_at end,
    heard_at = greatest(l.heard_at, excluded.heard_at),
    messages = l.messages + excluded.messages,
    longest_before_s = case when l.day < current_date then greatest(l.longest_s, 0.8 * l.longest_before_s)
                       else l.longest_before_s end,
    longest_s = greatest(case when l.day = current_date then l.longest_s else 0 end,
                         case when excluded.longest_s <= coalesce(network_limit(l), 'infinity')
                         then excluded.longest_s end, 0),
    day = current_date,
    back_at = case when (%(connected)s and l.away_since < clock_timestamp() - interval '10 s')
                     or %(first)s::timestamptz - l.heard_at > make_interval(secs => network_limit(l))
              then clock_timestamp() else l.back_at end

-- name: senders
insert into network_sender (network, address, via)
select %(name)s, address, via from unnest(%(addresses)s::text[], %(via)s::text[]) as g (address, via)
on conflict (network, address) do update set via = excluded.via, heard_at = excluded.heard_at

-- name: named
-- Those that the settings of a reader name no more are forgotten.
delete from network_listening where reader = %(reader)s and name <> all(%(names)s::text[])

-- name: judge
-- What is wrong and has no alert, and alerts of what is right again, or is named no more.
with judged as (
    select l.name, network_state(l, %(began)s) as state from network_listening l
), lasting as (
    select target from alert where origin = 'hub' and cleared_at is null
      and (target ^@ 'network_away:' or target ^@ 'network_silent:')
)
select 'network_' || j.state as kind, j.name, true as wrong
from judged j where j.state in ('away', 'silent') and 'network_' || j.state || ':' || j.name not in (select target from lasting)
union all
select split_part(a.target, ':', 1), split_part(a.target, ':', 2), false
from lasting a
where not exists (
    select from judged j where a.target in ('network_' || j.state || ':' || j.name)
       or (j.state = 'unknown' and split_part(a.target, ':', 2) = j.name))
order by wrong
