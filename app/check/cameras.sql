-- name: counted
select (select count(*) from sip_registration where expires_at > now()),
       (select count(*) from sip_registration where expires_at <= now() and expires_at > now() - interval '7 days'),
       (select count(*) from camera_connection where enabled and not pushes and state = 'up'),
       (select count(*) from camera_connection where enabled and not pushes and state = 'down')

-- name: faulty
select id, status, faulty[:5] from sip_registration
where expires_at > now() and (status <> 'OK' or cardinality(faulty) > 0) order by id limit %(limit)s

-- name: held
select held, count(*) from patrol_visit where held is not null group by 1 order by 2 desc, 1 limit %(limit)s

-- name: twins
select id, twin_peers, twin_at from sip_registration
where twin_at > now() - interval '1 day' order by twin_at desc limit %(limit)s

-- name: libraries
select count(*) from viid_registration

-- name: persons
select id, dropped from viid_registration
where dropped_at > now() - interval '1 day' order by dropped_at desc limit %(limit)s

-- name: coarse
-- Cameras whose video is looked at, or that have sent pictures, and of which no place is kept as it is seen there.
select d.code
from device d
left join camera_connection c on c.device_id = d.id and c.kind = 'rtsp' and c.enabled and not c.patrolled
where d.state = 'active'
    and (c.state = 'up'
         or c.device_id is null and exists (select from event_picture p where p.device_id = d.id and p.whole
                                            and p.received_at > now() - interval '1 day'))
    and not exists (select from camera_place p where p.device_id = d.id
                        and p.source = case when c.device_id is null then 'picture' else 'video' end)
order by d.code limit %(limit)s
