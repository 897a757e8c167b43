-- name: judge
-- What is wrong with edges and has no alert, and alerts of what is right again. Edges whose settings are gone have none.
with named as (
    select * from unnest(%(edges)s::text[], %(gap_s)s::float8[], %(silent_s)s::float8[]) as n (edge, gap_s, silent_s)
), found as (
    select 'edge_gap' as kind, n.edge
    from named n
    where exists (
        select from diode_chain c join diode_gap g on (g.edge, g.chain) = (c.edge, c.chain)
        where c.edge = n.edge and g.since < clock_timestamp() - make_interval(secs => n.gap_s))
    union all
    select 'edge_silent', n.edge
    from named n
    where (select max(arrived_at) from diode_chain c where c.edge = n.edge)
          < clock_timestamp() - make_interval(secs => n.silent_s)
      and %(began)s < clock_timestamp() - make_interval(secs => n.silent_s)
    union all
    select 'edge_clock', n.edge
    from named n
    where (select c.moved_s from diode_chain c where c.edge = n.edge order by c.arrived_at desc nulls last limit 1) <> 0
    union all
    -- Two chains that take turns: an edge that has lost its archive goes on with one of them, one that got it back returns once.
    select 'edge_twice', n.edge
    from named n
    where case when (
        select count(*) from diode_chain c
        where c.edge = n.edge and c.arrived_at > clock_timestamp() - interval '10 minutes') < 2 then false
    else (
        select count(*) from (
            select f.chain, lag(f.chain) over (order by f.written_at + f.moved_us * interval '1 microsecond') as before
            from diode_file f where f.edge = n.edge and f.taken_at > clock_timestamp() - interval '10 minutes'
        ) turns where chain <> before) >= 3 end
    union all
    select 'edge_aside', n.edge
    from named n
    where exists (select from diode_aside a where a.edge = n.edge and a.again_at is null and a.at > clock_timestamp() - interval '1 day')
    union all
    -- What names no edge, or one that nobody knows.
    select 'edge_aside', '?'
    where exists (
        select from diode_aside a
        where a.at > clock_timestamp() - interval '1 day' and a.again_at is null
          and (a.edge is null or a.edge not in (select edge from named)))
), lasting as (
    select target from alert where origin = 'hub' and cleared_at is null
      and (target ^@ 'edge_gap:' or target ^@ 'edge_silent:' or target ^@ 'edge_twice:' or target ^@ 'edge_clock:'
           or target ^@ 'edge_aside:')
)
select kind, edge, true as wrong from found where kind || ':' || edge not in (select target from lasting)
union all
select split_part(target, ':', 1), split_part(target, ':', 2), false from lasting
where target not in (select kind || ':' || edge from found)
order by wrong

-- name: forget
-- Numbers below which nothing is missing, what was set aside, and what was taken beside its number, long ago.
with letters as (
    delete from diode_aside where at < clock_timestamp() - make_interval(secs => %(keep_s)s)
), beside as (
    delete from diode_beside where taken_at < clock_timestamp() - make_interval(secs => %(keep_s)s)
)
delete from diode_file f using diode_chain c
where (c.edge, c.chain) = (f.edge, f.chain) and f.number < c.complete
  and f.taken_at < clock_timestamp() - make_interval(secs => %(keep_s)s)
