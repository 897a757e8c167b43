-- Series that are new since then, as columns in one row; metrics by their place among the names.
with named as materialized (
    select metric, row_number() over () - 1 as place
    from (select distinct metric from series where %(since)s::text = '0' or revision >= %(since)s::text::xid8) m
)
select string_agg(int4send(id), ''), string_agg(int4send(device_id), ''), string_agg(int4send(place::int), ''),
       (select string_agg(metric, E'\n' order by place) from named)
from series join named using (metric)
where %(since)s::text = '0' or revision >= %(since)s::text::xid8
