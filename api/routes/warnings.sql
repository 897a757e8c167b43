-- name: devices
select d.code, d.name, p.code as profile, d.region, d.lon, d.lat,
       coalesce((
           select jsonb_agg(jsonb_build_object('metric', s.metric, 'unit', p.metrics -> s.metric ->> 'unit',
                                               'ts', l.ts, 'value', l.value) order by s.metric)
           from series s join latest l on l.series_id = s.id
           where s.device_id = d.id), '[]') as "values"
from warning w
join device d on exists (select from unnest(w.divisions) as division where d.region ^@ division)
              or exists (select from unnest(w.rings) as ring where ring @> point(d.lon, d.lat))
join profile p on p.id = d.profile_id
where w.id = %(id)s and d.state <> 'retired'
  and (%(after_code)s::text is null or d.code > %(after_code)s)
order by d.code
limit %(limit)s

-- name: history
select source, format, received_at, content from warning_message where warning_id = %(id)s order by id desc limit 200

-- name: linked
select o.id, o.identifier, o.type, o.sent, o.refers_to @> array[w.identifier] as later,
       case when o.type = 'cancel' then 'cancelled'
            when o.ended_as is not null then o.ended_as
            when o.ends_at <= now() or o.listed_by = '{}' then 'expired'
            else 'in_force' end as state
from warning w
join warning o on o.refers_to @> array[w.identifier] or o.identifier = any (w.refers_to)
where w.id = %(id)s
order by o.sent desc, o.id
limit 200

-- name: warnings
-- Those in force are few: found by their end, 100,000 others cost nothing. What concerns a region or an area covers it or lies in it.
select w.*
from (
    select id, identifier, status, kind, sent, ends_at, sources, contradicted_by, content, first_at, changed_at, regions, level as number,
           case when type = 'cancel' then 'cancelled'
                when ended_as is not null then ended_as
                when ends_at <= now() or listed_by = '{}' then 'expired'
                else 'in_force' end as state
    from warning
    where %(state)s::text is distinct from 'in_force' or ends_at > now()
) w
where (%(id)s::uuid is null or w.id = %(id)s)
  and (%(state)s::text is null or w.state = %(state)s)
  and (%(status)s::text is null or w.status = %(status)s)
  and (%(region)s::text is null or warning_concerns(w.regions, array[%(region)s::text]))
  and (%(area)s::text is null or warning_concerns(w.regions, array(select key_places('/@' || %(area)s))))
  and (%(kind)s::text is null or w.kind = %(kind)s)
  and (%(min_level)s::int is null or w.number is null or w.number >= %(min_level)s)
  and (%(identifier)s::text is null or w.identifier = %(identifier)s)
  and (%(since)s::timestamptz is null or w.sent >= %(since)s)
  and (%(until)s::timestamptz is null or w.sent < %(until)s)
  and (%(after_sent)s::timestamptz is null or w.sent < %(after_sent)s
       or (w.sent = %(after_sent)s and w.id > %(after_id)s))
order by w.sent desc, w.id
limit %(limit)s
