-- name: limit
select set_config('ganzhi.scope', %(keys)s::text[]::text, false)

-- name: reached
select code from device where code = any (%(codes)s)
