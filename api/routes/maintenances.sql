-- name: area
select code from area where code = %(code)s

-- name: device
select id as device_id from device where code = %(code)s

-- name: end
-- One that has not begun yet has never been.
update maintenance
set from_at = least(from_at, clock_timestamp() - interval '1 millisecond'), to_at = clock_timestamp(), ended_by = %(by)s
where id = %(id)s and to_at > clock_timestamp()
returning id

-- name: maintenances
with each_one as (
    select m.id, case when m.to_at <= clock_timestamp() then 'over' when m.from_at > clock_timestamp() then 'coming'
                      else 'active' end as state,
           d.code as device, m.organisation, m.region, m.area, m.from_at, m.to_at, m.note as reason,
           coalesce(maker.name, m.made_by) as made_by, m.created_at, coalesce(ender.name, m.ended_by) as ended_by
    from maintenance m
    left join device d on d.id = m.device_id
    left join principal maker on m.made_by = 'principal:' || maker.id
    left join principal ender on m.ended_by = 'principal:' || ender.id
    where (%(id)s::bigint is null or m.id = %(id)s)
      and (%(device)s::text is null or exists (
          select from maintained w join device o on o.id = w.device_id where w.id = m.id and o.code = %(device)s))
      and (%(after_from_at)s::timestamptz is null or (m.from_at, m.id) < (%(after_from_at)s, %(after_id)s))
)
select e.*, case when e.state = 'active' then (
    select count(*) from rule_withheld w join maintained m on m.device_id = w.device_id where m.id = e.id) else 0 end as withheld
from each_one e
where %(state)s::text is null or e.state = %(state)s
order by e.from_at desc, e.id desc
limit %(limit)s

-- name: make
insert into maintenance (device_id, organisation, region, area, from_at, to_at, note, made_by)
values (%(device_id)s, %(organisation)s, %(region)s, %(area)s, %(from_at)s, %(to_at)s, %(reason)s, %(by)s)
returning id

-- name: organisation
select code from organisation where code = %(code)s
