-- name: put
-- Of events that are stored. One that was sent again brings the picture that was missing, and replaces none.
insert into event_picture (event_id, device_id, received_at, why, width, height, whole, content, file)
select distinct on (e.id) e.id, e.device_id, g.received_at, g.why, g.width, g.height, g.whole, g.content, g.file
from unnest(%(event_id)s::uuid[], %(received_at)s::timestamptz[], %(why)s::text[], %(width)s::int[], %(height)s::int[],
            %(whole)s::boolean[], %(content)s::bytea[], %(file)s::text[])
    as g (event_id, received_at, why, width, height, whole, content, file)
join event e on e.id = g.event_id
order by e.id, g.why nulls first
on conflict (event_id) do update
set received_at = excluded.received_at, why = null, width = excluded.width, height = excluded.height,
    whole = excluded.whole, content = excluded.content, file = excluded.file
where event_picture.why is not null and excluded.why is null

-- name: expire
delete from event_picture where event_id in (
    select event_id from event_picture where received_at < now() - make_interval(days => %(days)s) limit %(batch)s)

-- name: known
-- The files of some events' pictures and clips.
select file from event_picture where event_id = any (%(events)s) and file is not null
union all
select file from event_clip where event_id = any (%(events)s) and file is not null
