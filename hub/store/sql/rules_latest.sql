-- The newest known reading of each series; older ones are late.
select series_id, (extract(epoch from ts) * 1000000)::bigint from latest
