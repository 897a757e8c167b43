-- name: edges
select c.edge, max(c.arrived_at) at time zone 'UTC',
       (select coalesce(sum(g.to_number - g.from_number + 1), 0)::bigint from diode_gap g where g.edge = c.edge),
       (select count(*) from diode_aside a where a.edge = c.edge and a.again_at is null and a.at > now() - interval '1 day'),
       (array_agg(c.moved_s order by c.arrived_at desc nulls last))[1],
       (array_agg(c.clock order by c.arrived_at desc nulls last))[1],
       exists (select from alert where origin = 'hub' and target = 'edge_twice:' || c.edge and cleared_at is null)
from diode_chain c group by c.edge
