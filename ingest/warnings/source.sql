-- name: known
select etag, last_modified from warning_source where name = %(name)s

-- name: lasts
update warning
set ends_at = greatest(ends_at, %(until)s)
where listed_by @> array[%(name)s::text] and content ->> 'expires' is null and ends_at < %(half)s
