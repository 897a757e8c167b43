-- The series of some devices; columns as in registry_series_all.
with wanted as materialized (select device_id, id, metric from series where device_id = any (%(ids)s)),
named as materialized (
    select metric, row_number() over (order by metric) - 1 as place from (select distinct metric from wanted) m
)
select string_agg(int4send(device_id), ''), string_agg(int4send(id), ''), string_agg(int4send(place::int), ''),
       (select string_agg(metric, E'\n' order by place) from named)
from wanted join named using (metric)
