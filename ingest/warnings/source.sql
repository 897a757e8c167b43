-- name: failed
insert into warning_source (name, tried_at, failing_since, last_error, last_error_words)
values (%(name)s, now(), now(), %(error)s, %(words)s)
on conflict (name) do update
set tried_at = now(), failing_since = coalesce(warning_source.failing_since, now()),
    last_error = excluded.last_error, last_error_words = excluded.last_error_words

-- name: heard
insert into warning_source (name, tried_at, heard_at, etag, last_modified, last_error, last_error_words)
values (%(name)s, now(), now(), %(etag)s, %(last_modified)s, %(error)s, %(words)s)
on conflict (name) do update
set tried_at = now(), heard_at = now(), failing_since = null, etag = excluded.etag,
    last_modified = excluded.last_modified, last_error = excluded.last_error,
    last_error_words = excluded.last_error_words

-- name: known
select etag, last_modified from warning_source where name = %(name)s

-- name: lasts
update warning
set ends_at = greatest(ends_at, %(until)s)
where listed_by @> array[%(name)s::text] and content ->> 'expires' is null and ends_at < %(half)s
