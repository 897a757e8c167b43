insert into latest (series_id, ts, value, quality)
select * from unnest(%(series_id)s::int[], %(ts)s::timestamptz[], %(value)s::float8[], %(quality)s::int2[])
on conflict (series_id) do update
set ts = excluded.ts, value = excluded.value, quality = excluded.quality
where excluded.ts > latest.ts
