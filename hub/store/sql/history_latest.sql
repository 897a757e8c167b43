-- As latest_save, but history is mostly older than what is known: then no row is locked or written.
insert into latest (series_id, ts, value, quality)
select n.* from unnest(%(series_id)s::int[], %(ts)s::timestamptz[], %(value)s::float8[], %(quality)s::int2[])
    as n (series_id, ts, value, quality)
where not exists (select from latest l where l.series_id = n.series_id and l.ts >= n.ts)
on conflict (series_id) do update
set ts = excluded.ts, value = excluded.value, quality = excluded.quality
where excluded.ts > latest.ts
