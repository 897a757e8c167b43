-- name: command_became
-- What networks told of commands in their queues; the first word on each counts. That it was sent is the last word on
-- one that its device is not asked to acknowledge. What is settled stays so: what is told later is kept beside it.
with given as (
    select * from unnest(
        %(place)s::int[], %(id)s::uuid[], %(device_id)s::int[], %(at)s::timestamptz[], %(became)s::text[], %(why)s::text[]
    ) as g (place, id, device_id, at, became, why)
), final as (
    select distinct on (id, device_id) * from given where became in ('done', 'refused') order by id, device_id, place
), told as (
    select g.id, g.device_id, min(g.at) as queued_at, min(g.at) filter (where g.became in ('sent', 'done')) as sent_at
    from given g group by g.id, g.device_id
), whole as (
    select t.*, f.became, f.at, f.why from told t left join final f on f.id = t.id and f.device_id = t.device_id
)
update command c
set queued_at = coalesce(c.queued_at, w.queued_at),
    sent_at = coalesce(c.sent_at, w.sent_at),
    replied_at = coalesce(c.replied_at, w.at),
    reply = coalesce(c.reply, case w.became when 'done' then '{"result": "acknowledged"}'::jsonb
                              when 'refused' then jsonb_build_object('error', w.why) end),
    late = c.late or (c.settled_at is not null and (
        (c.sent_at is null and w.sent_at is not null) or (c.replied_at is null and w.at is not null and c.state <> 'sent'))),
    state = case
        when c.settled_at is not null then c.state
        when coalesce(w.at, w.sent_at, w.queued_at) > c.expires_at then 'timed_out'
        when w.became = 'done' then 'replied'
        when w.became = 'refused' then 'failed'
        when coalesce(c.sent_at, w.sent_at) is not null then 'sent'
        else 'queued' end,
    error = case
        when c.settled_at is not null then c.error
        when coalesce(w.at, w.sent_at, w.queued_at) > c.expires_at then command_timeout(c)
        when w.became = 'refused' then w.why end,
    settled_at = case
        when c.settled_at is not null then c.settled_at
        when w.became is not null or coalesce(w.at, w.sent_at, w.queued_at) > c.expires_at
             or (w.sent_at is not null and not c.confirmed) then clock_timestamp() end
from whole w
where c.id = w.id and c.device_id = w.device_id and c.network is not null

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
