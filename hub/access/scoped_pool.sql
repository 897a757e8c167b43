-- name: limit
select set_config('ganzhi.scope', %(keys)s::text[]::text, false),
       set_config('ganzhi.whole', %(whole)s::text[]::text, false),
       set_config('ganzhi.shares', %(shares)s::uuid[]::text, false)

-- name: limit_cut
select set_config('ganzhi.scope', %(keys)s::text[]::text, false),
       set_config('ganzhi.whole', %(whole)s::text[]::text, false),
       set_config('ganzhi.shares', %(shares)s::uuid[]::text, false),
       set_config('ganzhi.uncut', %(uncut_whole)s::text[]::text, false),
       set_config('ganzhi.uncut_shares', %(uncut_shares)s::uuid[]::text, false),
       set_config('ganzhi.categories', %(categories)s::text[]::text, false),
       set_config('ganzhi.fields', %(fields)s::text[]::text, false)

-- name: reached
select code from device where code = any (%(codes)s)
