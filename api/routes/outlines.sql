-- name: outlines_copy
copy border (key, lon1, lat1, lon2, lat2) from stdin

-- name: outlines_forget
delete from border where key = any (%(keys)s)
