-- Series for metrics that devices sent and their profile does not know, as far as the profile lets them have more.
with wanted as (
    select device_id, metric, min(place) as place
    from unnest(%(devices)s::int[], %(metrics)s::text[]) with ordinality as w (device_id, metric, place)
    group by device_id, metric
),
fresh as (
    select w.device_id, w.metric, row_number() over (partition by w.device_id order by w.place) as number
    from wanted w
    where not exists (select from series s where s.device_id = w.device_id and s.metric = w.metric)
)
insert into series (device_id, metric)
select f.device_id, f.metric
from fresh f
join device d on d.id = f.device_id
join profile p on p.id = d.profile_id
where p.unknown_metrics = 'add'
  and f.number + (select count(*) from series s where s.device_id = f.device_id) <= p.max_metrics
order by f.device_id, f.number
on conflict do nothing
