-- Finds all that match by whatever indexes serve best, then the next of them by code.
with found as materialized (
    select f.id, f.code
    from catalogue_matches(%(q)s, %(by_grams)s, %(region)s, %(organisation)s, %(profiles)s, %(state)s, %(parent)s,
                           %(tag_key)s, %(tag_text)s, %(tag_value)s, %(online)s, %(west)s, %(south)s, %(east)s, %(north)s) f
)
select id, code from found where code > %(after)s order by code limit %(limit)s
