-- name: chain
insert into diode_chain (edge, chain) values (%(edge)s, %(chain)s) on conflict do nothing

-- name: neighbours
-- What files beside it say of the one that is looked at: the digest that it must have, and that of the one before it.
select (select previous from diode_file where (edge, chain, number) = (%(edge)s, %(chain)s, %(number)s + 1)) as wanted,
       (select digest from diode_file where (edge, chain, number) = (%(edge)s, %(chain)s, %(number)s - 1)) as before

-- name: take
-- The row of a number as it was taken first, and whether that was now.
with taken as (
    insert into diode_file (edge, chain, number, digest, previous, messages, written_at, moved_us, heard_at)
    values (%(edge)s, %(chain)s, %(number)s, %(digest)s, %(previous)s, %(messages)s, %(written)s, %(moved_us)s,
        %(heard)s)
    on conflict do nothing
    returning digest, moved_us, (extract(epoch from taken_at) * 1000000)::bigint as taken, stored_at
)
select * from taken
union all
select digest, moved_us, (extract(epoch from taken_at) * 1000000)::bigint, stored_at
from diode_file where (edge, chain, number) = (%(edge)s, %(chain)s, %(number)s)
limit 1

-- name: stored
-- A file is committed. `complete` moves to the end of the run of numbers that begins behind it.
with done as (
    update diode_file set stored_at = clock_timestamp()
    where (edge, chain, number) = (%(edge)s, %(chain)s, %(number)s) and stored_at is null
    returning messages
)
update diode_chain c set
    files = files + (select count(*) from done), messages = c.messages + coalesce((select sum(messages) from done), 0),
    highest = greatest(highest, %(number)s),
    back_at = case when arrived_at < clock_timestamp() - make_interval(secs => %(silent_s)s)
              then clock_timestamp() else back_at end,
    arrived_at = clock_timestamp(),
    kept_from = case when %(number)s > highest then %(kept_from)s else kept_from end,
    written_at = case when %(number)s > highest then %(written)s else written_at end,
    clock = case when %(number)s > highest then %(clock)s else clock end,
    moved_s = case when %(number)s > highest then %(moved_us)s / 1e6 else moved_s end
where (edge, chain) = (%(edge)s, %(chain)s)

-- name: complete
-- Silence of devices counts only up to where nothing is missing.
update diode_chain c set complete = run.last, heard_at = greatest(c.heard_at, (
    select max(h.heard_at) from diode_file h
    where (h.edge, h.chain) = (c.edge, c.chain) and h.number between c.complete + 1 and run.last))
from (
    select min(f.number) as last from diode_file f
    where (f.edge, f.chain) = (%(edge)s, %(chain)s) and f.stored_at is not null
      and f.number > (select complete from diode_chain where (edge, chain) = (%(edge)s, %(chain)s))
      and not exists (select from diode_file n where (n.edge, n.chain, n.number) = (f.edge, f.chain, f.number + 1)
                      and n.stored_at is not null)
) run
where (c.edge, c.chain) = (%(edge)s, %(chain)s) and run.last is not null and exists (
    select from diode_file n where (n.edge, n.chain, n.number) = (c.edge, c.chain, c.complete + 1)
    and n.stored_at is not null)

-- name: beside
-- The row of a file that is taken beside its number, as it was taken first.
with taken as (
    insert into diode_beside (digest, edge, chain, number, moved_us)
    values (%(digest)s, %(edge)s, %(chain)s, %(number)s, %(moved_us)s)
    on conflict do nothing
    returning moved_us, (extract(epoch from taken_at) * 1000000)::bigint as taken, stored_at
)
select * from taken
union all
select moved_us, (extract(epoch from taken_at) * 1000000)::bigint, stored_at from diode_beside where digest = %(digest)s
limit 1

-- name: stored_beside
update diode_beside set stored_at = coalesce(stored_at, clock_timestamp()) where digest = %(digest)s

-- name: again
update diode_chain set again = again + 1 where (edge, chain) = (%(edge)s, %(chain)s)

-- name: is_old
-- Whether a number that has no row was stored, or given up, and forgotten.
select complete >= %(number)s and %(written)s < clock_timestamp() - make_interval(secs => %(keep_s)s)
from diode_chain where (edge, chain) = (%(edge)s, %(chain)s)

-- name: aside
insert into diode_aside (file, reason, detail, edge, chain, number)
values (%(file)s, %(reason)s, %(detail)s, %(edge)s, %(chain)s, %(number)s)

-- name: dealt_with
-- One of the files that were set aside by these names; of several by one name, the first.
update diode_aside set again_at = clock_timestamp()
where id = (select min(id) from diode_aside where file = any(%(files)s::text[]) and again_at is null)

-- name: senders
insert into diode_sender (device_id, edge)
select id, %(edge)s from device where id = any(%(devices)s::int[])
on conflict (device_id) do update set edge = excluded.edge where diode_sender.edge <> excluded.edge
