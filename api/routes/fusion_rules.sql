-- name: rules
select code, name_en, name_zh, kinds, metrics, anchors, link, radius_m, within_s, sources, share,
       (array['blue', 'yellow', 'orange', 'red'])[raise_to] as raise_to, raise_sources,
       (array['blue', 'yellow', 'orange', 'red'])[lower_to] as lower_to, consequences, enabled, changed_at
from fusion_rule
where (%(code)s::text is null or code = %(code)s) and (%(after_code)s::text is null or code > %(after_code)s)
order by code
limit %(limit)s

-- name: put
insert into fusion_rule (code, name_en, name_zh, kinds, metrics, anchors, link, radius_m, within_s, sources, share, raise_to,
                         raise_sources, lower_to, consequences, enabled)
values (%(code)s, %(name_en)s, %(name_zh)s, %(kinds)s, %(metrics)s, %(anchors)s, %(link)s, %(radius_m)s, %(within_s)s,
        %(sources)s, %(share)s, %(raise_to)s, %(raise_sources)s, %(lower_to)s, %(consequences)s, %(enabled)s)
on conflict (code) do update
set name_en = excluded.name_en, name_zh = excluded.name_zh, kinds = excluded.kinds, metrics = excluded.metrics,
    anchors = excluded.anchors, link = excluded.link, radius_m = excluded.radius_m, within_s = excluded.within_s,
    sources = excluded.sources, share = excluded.share, raise_to = excluded.raise_to,
    raise_sources = excluded.raise_sources, lower_to = excluded.lower_to, consequences = excluded.consequences,
    enabled = excluded.enabled, changed_at = clock_timestamp()
returning xmax = 0 as created

-- name: delete
delete from fusion_rule where code = %(code)s
