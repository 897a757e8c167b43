-- name: limit
select set_config('ganzhi.scope', %(keys)s::text[]::text, false),
       set_config('ganzhi.whole', %(whole)s::text[]::text, false),
       set_config('ganzhi.shares', %(shares)s::uuid[]::text, false)

-- name: reached
select code from device where code = any (%(codes)s)
