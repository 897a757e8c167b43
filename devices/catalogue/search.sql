-- name: catalogue_all
select id, code from device where code > %(after)s order by code limit %(limit)s

-- name: catalogue_few
-- The same for a caller who may see few devices: found by the index of scopes, where the order of codes goes past all others.
with found as materialized (select id, code from device)
select id, code from found where code > %(after)s order by code limit %(limit)s

-- name: catalogue_frequent
-- How many of the first devices of a fair sample have a text.
select count(*) as n
from (
    select d.code, d.name from device d
    where catalogue_spread(d.id) > -1
    order by catalogue_spread(d.id)
    limit %(rows)s
) d
where strpos(lower(d.code || E'\n' || d.name), lower(%(q)s)) > 0

-- name: catalogue_gather
-- Finds all that match by whatever indexes serve best, then the next of them by code.
with found as materialized (
    select f.id, f.code
    from catalogue_matches(%(q)s, %(by_grams)s, %(region)s, %(organisation)s, %(profiles)s, %(state)s, %(parent)s,
                           %(tag_key)s, %(tag_text)s, %(tag_value)s, %(online)s, %(west)s, %(south)s, %(east)s, %(north)s) f
)
select id, code from found where code > %(after)s order by code limit %(limit)s

-- name: catalogue_tune
-- For the rest of a transaction: what a search reads is in memory more often than not, and it takes less than another
-- process or a compiler needs to start. Tells about how many devices the caller may see; null: all.
select set_config('seq_page_cost', '0.3', true), set_config('random_page_cost', '0.3', true),
       set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true), scope_reach() as reach

-- name: catalogue_walk
-- Looks at the next devices in the order of catalogue_spread, whatever matches: how many, up to where, which of them
-- match. Each is looked at by its own id, so that no estimate of how many match can choose a worse way.
with walked as materialized (
    select d.id, catalogue_spread(d.id) as spread
    from device d
    where catalogue_spread(d.id) > %(after)s
    order by catalogue_spread(d.id)
    limit %(rows)s
)
select count(*) as walked, max(w.spread) as reached,
       coalesce(array_agg(w.id order by w.spread) filter (where m.id is not null), '{}') as ids
from walked w
left join lateral (
    select f.id
    from catalogue_matches(%(q)s, false, %(region)s, %(organisation)s, %(profiles)s, %(state)s, %(parent)s,
                           %(tag_key)s, %(tag_text)s, %(tag_value)s, %(online)s, %(west)s, %(south)s, %(east)s, %(north)s) f
    where f.id = w.id
    offset 0
) m on true
