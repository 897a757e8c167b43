-- name: approve
update silence set approved_by = %(by)s, approved_at = clock_timestamp() where id = %(id)s

-- name: area
select code from area where code = %(code)s

-- name: device
select id as device_id, region, organisation from device where code = %(code)s

-- name: end
-- One that has not begun yet has never been.
update silence set from_at = least(from_at, clock_timestamp() - interval '1 millisecond'), to_at = clock_timestamp(),
    ended_by = %(by)s
where id = %(id)s

-- name: lock
select made_by from silence where id = %(id)s for update

-- name: make
insert into silence (id, device_id, region, organisation, area, category, event_kind, max_level, reason, from_at, to_at,
                     made_by)
values (%(id)s, %(device_id)s, %(region)s, %(organisation)s, %(area)s, %(category)s, %(event_kind)s, %(max_level)s,
        %(reason)s, %(from_at)s, %(to_at)s, %(made_by)s)

-- name: organisation
select code from organisation where code = %(code)s

-- name: silences
with each_one as (
    select s.id, case when s.to_at <= clock_timestamp() then 'over'
                      when s.max_level = 4 and s.approved_at is null then 'waiting'
                      when s.from_at > clock_timestamp() then 'coming'
                      else 'active' end as state,
           d.code as device, s.region, s.organisation, s.area, s.category, s.event_kind,
           (array['blue', 'yellow', 'orange', 'red'])[s.max_level] as max_level, s.reason, s.from_at, s.to_at,
           coalesce(maker.name, s.made_by) as made_by, s.made_at, coalesce(approver.name, s.approved_by) as approved_by,
           s.approved_at, coalesce(ender.name, s.ended_by) as ended_by
    from silence s
    left join device d on d.id = s.device_id
    left join principal maker on s.made_by = 'principal:' || maker.id
    left join principal approver on s.approved_by = 'principal:' || approver.id
    left join principal ender on s.ended_by = 'principal:' || ender.id
    where (%(id)s::uuid is null or s.id = %(id)s)
      and (%(after_made_at)s::timestamptz is null or s.made_at < %(after_made_at)s
           or (s.made_at = %(after_made_at)s and s.id > %(after_id)s))
)
select e.*, (select count(*) from outbox o where o.silence_id = e.id and o.state = 'silenced') as kept_back
from each_one e
where %(state)s::text is null or e.state = %(state)s
order by e.made_at desc, e.id
limit %(limit)s
