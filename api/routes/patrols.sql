-- name: state
select n.*, r.began_at, r.ended_at, r.last_s
from (
    select count(*)::int as cameras,
           (count(*) filter (where v.visited_at >= (select began_at from patrol_round)))::int as visited,
           (count(*) filter (where v.result = 'fine'))::int as fine,
           (count(*) filter (where v.result = 'faults'))::int as faults,
           (count(*) filter (where v.result = 'failed'))::int as failed
    from camera_connection c
    join device d on d.id = c.device_id and d.state = 'active'
    left join patrol_visit v on v.device_id = c.device_id
    where c.patrolled and c.enabled
) n
left join patrol_round r on true
