-- name: listening_end
delete from listening where source = %(source)s

-- name: listening_put
insert into listening (source, ears, since, at)
values (%(source)s, %(ears)s, coalesce(%(since)s::timestamptz, 'infinity'), %(at)s::timestamptz)
on conflict (source) do update set since = excluded.since, at = greatest(listening.at, excluded.at),
    told_at = clock_timestamp()
