-- name: chains
select c.edge, c.chain, c.highest, c.complete, c.kept_from, c.first_at, c.arrived_at, c.heard_at, c.written_at, c.clock,
       c.moved_s, c.files, c.messages, c.again, c.given_up,
       c.highest - c.complete - (
           select count(*) from diode_file f
           where (f.edge, f.chain) = (c.edge, c.chain) and f.number > c.complete and f.stored_at is not null
       ) as missing
from diode_chain c
where (%(edge)s::text is null or c.edge = %(edge)s) and (%(chain)s::text is null or c.chain = %(chain)s)
  and (%(after_edge)s::text is null or (c.edge, c.chain) > (%(after_edge)s, %(after_chain)s))
order by c.edge, c.chain
limit %(limit)s

-- name: gaps
select g.edge, g.chain, g.from_number, g.to_number, g.since, c.kept_from <= g.from_number as kept
from diode_gap g join diode_chain c on (c.edge, c.chain) = (g.edge, g.chain)
where (%(edge)s::text is null or g.edge = %(edge)s)
  and (%(after_edge)s::text is null
       or (g.edge, g.chain, g.from_number) > (%(after_edge)s, %(after_chain)s, %(after_from_number)s))
order by g.edge, g.chain, g.from_number
limit %(limit)s

-- name: aside
select id, at, file, reason, detail, edge, chain, number
from diode_aside
where (%(edge)s::text is null or edge = %(edge)s) and (%(after_id)s::bigint is null or id < %(after_id)s)
order by id desc
limit %(limit)s

-- name: locked
select highest from diode_chain where (edge, chain) = (%(edge)s, %(chain)s) for update

-- name: give_up
-- `complete` goes to the end of the run of stored numbers that the last one given up is followed by.
update diode_chain c set
    given_up = given_up + (
        select coalesce(sum(least(g.to_number, %(to)s) - g.from_number + 1), 0) from diode_gap g
        where (g.edge, g.chain) = (c.edge, c.chain) and g.from_number <= %(to)s),
    complete = greatest(c.complete, (
        select coalesce(min(greatest(g.from_number - 1, %(to)s)), c.highest) from diode_gap g
        where (g.edge, g.chain) = (c.edge, c.chain) and g.to_number > %(to)s
    ))
where (c.edge, c.chain) = (%(edge)s, %(chain)s)
