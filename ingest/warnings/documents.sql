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
