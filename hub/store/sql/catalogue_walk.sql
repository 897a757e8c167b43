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
