insert into reading (ts, value, series_id, quality)
select ts, value, series_id, quality from reading_staging
on conflict do nothing
