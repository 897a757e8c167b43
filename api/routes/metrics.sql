-- name: streams
select d.code as device, (c.state = 'up')::int as up, (c.figures ->> 'cpu')::float8 as cpu,
       (c.figures ->> 'analysed_per_s')::float8 as analysed_per_second, (c.figures ->> 'dropped')::int as dropped,
       array_position(array['full', 'no_clips', 'half', 'keys', 'sparse'], c.figures ->> 'pace') - 1 as shed,
       c.figures -> 'clips' as clips
from camera_connection c
join device d on d.id = c.device_id and d.state = 'active'
where c.kind = 'rtsp' and c.enabled
order by d.code
limit 10000

-- name: patrol
select n.*, n.cameras - n.visited as not_visited, r.last_s as round_seconds, r.last_cameras as round_cameras,
       extract(epoch from now() - r.began_at)::float8 as since_seconds
from (
    select count(*)::int as cameras,
           (count(*) filter (where v.round = (select number from patrol_round)))::int as visited,
           (count(*) filter (where v.result = 'fine'))::int as fine,
           (count(*) filter (where v.held is not null))::int as held,
           (count(*) filter (where v.result = 'faults'))::int as faults,
           (count(*) filter (where v.result = 'failed'))::int as failed
    from camera_connection c
    join device d on d.id = c.device_id and d.state = 'active'
    left join patrol_visit v on v.device_id = c.device_id
    where c.patrolled and c.enabled
) n
left join patrol_round r on true
