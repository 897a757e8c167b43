-- name: begin
insert into import_progress as p (digest, file) values (%(digest)s, %(file)s)
on conflict (digest) do update set
    file = excluded.file,
    position = case when %(again)s then 0 else p.position end,
    line = case when %(again)s then 0 else p.line end,
    readings = case when %(again)s then 0 else p.readings end,
    stored = case when %(again)s then 0 else p.stored end,
    bad = case when %(again)s then 0 else p.bad end,
    conflicting = case when %(again)s then 0 else p.conflicting end,
    finished_at = case when %(again)s then null else p.finished_at end
returning position, line, readings, stored, bad, conflicting, finished_at

-- name: finish
update import_progress set finished_at = clock_timestamp(), changed_at = clock_timestamp()
where digest = %(digest)s and finished_at is null

-- name: latest
-- As latest_save, but history is mostly older than what is known: then no row is locked or written.
insert into latest (series_id, ts, value, quality)
select n.* from unnest(%(series_id)s::int[], %(ts)s::timestamptz[], %(value)s::float8[], %(quality)s::int2[])
    as n (series_id, ts, value, quality)
where not exists (select from latest l where l.series_id = n.series_id and coalesce(l.watermark, l.ts) >= n.ts)
on conflict (series_id) do update
set ts = excluded.ts, value = excluded.value, quality = excluded.quality, watermark = null,
    top = nullif(greatest(latest.top, latest.ts, excluded.ts), excluded.ts)
where excluded.ts > coalesce(latest.watermark, latest.ts)

-- name: step
update import_progress
set position = %(position)s, line = %(line)s, readings = %(readings)s, stored = %(stored)s, bad = %(bad)s,
    conflicting = %(conflicting)s, changed_at = clock_timestamp()
where digest = %(digest)s and position = %(before)s and finished_at is null
