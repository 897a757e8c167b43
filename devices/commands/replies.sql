-- name: command_reply
-- Takes the replies of a batch, the first one to each command; tells of those that answer nothing that the device was
-- asked. What is settled stays as it is settled: a reply that comes later is kept beside it.
with given as (
    select * from unnest(
        %(place)s::int[], %(id)s::uuid[], %(device_id)s::int[], %(received_at)s::timestamptz[], %(body)s::jsonb[],
        %(error)s::text[]) as g (place, id, device_id, received_at, body, error)
), first as (
    select distinct on (id, device_id) * from given order by id, device_id, place
), taken as (
    update command c
    set reply = f.body,
        replied_at = f.received_at,
        late = c.settled_at is not null or f.received_at > c.expires_at,
        state = case
            when c.settled_at is not null then c.state
            when f.received_at > c.expires_at then 'timed_out'
            when f.error is null then 'replied'
            else 'failed' end,
        error = case
            when c.settled_at is not null then c.error
            when f.received_at > c.expires_at then command_timeout(c)
            else f.error end,
        settled_at = coalesce(c.settled_at, clock_timestamp())
    from first f
    where c.id = f.id and c.device_id = f.device_id and c.replied_at is null
)
select g.place, d.code as asked, p.code as gateway
from given g
left join command c on c.id = g.id
left join device d on d.id = c.device_id
left join device p on p.id = d.parent_id
where c.id is null or c.device_id <> g.device_id
