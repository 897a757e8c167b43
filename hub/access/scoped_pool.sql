-- name: limit
select set_config('search_path', 'scoped, public', true), set_config('ganzhi.scope', %(keys)s::text[]::text, true)

-- name: reached
select code from device where code = any (%(codes)s)
