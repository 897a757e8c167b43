insert into import_progress as p (digest, file) values (%(digest)s, %(file)s)
on conflict (digest) do update set
    file = excluded.file,
    position = case when %(again)s then 0 else p.position end,
    line = case when %(again)s then 0 else p.line end,
    readings = case when %(again)s then 0 else p.readings end,
    stored = case when %(again)s then 0 else p.stored end,
    bad = case when %(again)s then 0 else p.bad end,
    finished_at = case when %(again)s then null else p.finished_at end
returning position, line, readings, stored, bad, finished_at
