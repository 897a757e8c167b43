insert into latest (series_id, ts, value, quality)
select series_id, ts, value, quality from reading_staging
on conflict (series_id) do update
set ts = excluded.ts, value = excluded.value, quality = excluded.quality
where excluded.ts > latest.ts
