select p.code, p.name, p.name_en, p.category, p.metrics, p.max_future_s, p.interval_s, p.offline_after_s,
       p.unknown_metrics, p.max_metrics, p.events, p.commands, p.mapping, p.version, p.installed,
       (select count(*) from device d where d.profile_id = p.id) as devices
from profile p
where (%(code)s::text is null or p.code = %(code)s)
  and (%(after_code)s::text is null or p.code > %(after_code)s)
order by p.code
limit %(limit)s
