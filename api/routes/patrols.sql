-- name: state
select n.*, r.number as round, r.began_at, r.ended_at, r.last_s, r.last_cameras
from (
    select count(*)::int as cameras,
           (count(*) filter (where v.round = (select number from patrol_round)))::int as visited,
           (count(*) filter (where v.result = 'fine'))::int as fine,
           (count(*) filter (where v.result = 'faults'))::int as faults,
           (count(*) filter (where v.result = 'failed'))::int as failed,
           (count(*) filter (where v.held is not null))::int as held
    from camera_connection c
    join device d on d.id = c.device_id and d.state = 'active'
    left join patrol_visit v on v.device_id = c.device_id
    where c.patrolled and c.enabled
) n
left join patrol_round r on true

-- name: not_visited
-- Cameras that were not looked at in the round of now, by why.
select coalesce(v.skipped, case when v.refused then 'login' else 'waiting' end) as why, count(*)::int as cameras
from camera_connection c
join device d on d.id = c.device_id and d.state = 'active'
left join patrol_visit v on v.device_id = c.device_id
where c.patrolled and c.enabled and v.round is distinct from (select number from patrol_round)
group by 1

-- name: outages
-- A gateway has its code where the caller sees it.
select case when starts_with(v.held, 'gateway ') and not exists (select from device g where v.held = 'gateway ' || g.code)
            then 'gateway' else v.held end as place,
       count(*)::int as cameras
from camera_connection c
join device d on d.id = c.device_id and d.state = 'active'
join patrol_visit v on v.device_id = c.device_id
where c.patrolled and c.enabled and v.held is not null
group by 1 order by 2 desc, 1 limit 100
