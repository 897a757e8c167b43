-- name: put
-- Of events that are stored, and of no others. What was announced is replaced by what has come; a clip by nothing.
insert into event_clip
    (event_id, device_id, received_at, why, width, height, seconds, before_s, whole, content, file)
select distinct on (e.id) e.id, e.device_id, g.received_at, g.why, g.width, g.height, g.seconds, g.before_s, g.whole,
       g.content, g.file
from unnest(%(event_id)s::uuid[], %(received_at)s::timestamptz[], %(why)s::text[], %(width)s::int[], %(height)s::int[],
            %(seconds)s::float[], %(before_s)s::float[], %(whole)s::boolean[], %(content)s::bytea[], %(file)s::text[])
    as g (event_id, received_at, why, width, height, seconds, before_s, whole, content, file)
join event e on e.id = g.event_id
order by e.id, g.why is not null, g.why = 'follows'
on conflict (event_id) do update
set received_at = excluded.received_at, why = excluded.why, width = excluded.width, height = excluded.height,
    seconds = excluded.seconds, before_s = excluded.before_s, whole = excluded.whole, content = excluded.content,
    file = excluded.file
where event_clip.why is not null and excluded.why is distinct from 'follows'
    and (excluded.why is null or event_clip.why = 'follows')

-- name: expire
delete from event_clip where event_id in (
    select event_id from event_clip where received_at < now() - make_interval(days => %(days)s) limit %(batch)s)
