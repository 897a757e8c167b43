-- name: command_insert
insert into command (id, device_id, name, params, actor, key, expires_at, take_until)
values (%(id)s, %(device_id)s, %(name)s, %(params)s, %(actor)s, %(key)s,
        clock_timestamp() + make_interval(secs => %(timeout_s)s),
        clock_timestamp() + make_interval(secs => %(offer_s)s))
on conflict (device_id, key) do nothing
returning id

-- name: command_keyed
select id, name, params from command where device_id = %(device_id)s and key = %(key)s

-- name: command_pending
-- Whether it is still being sent; a reply may be faster. What its process did not note in time, nobody waits for.
select sent_at is null and (state = 'pending' or replied_at is not null)
       and expires_at + interval '2 s' > clock_timestamp() as pending
from command where id = %(id)s

-- name: command_target
-- The device that is to be told, what its profile allows, and what it has not answered yet.
select d.id, d.code, d.state, p.code as profile, p.commands,
       (select count(*) from command c where c.device_id = d.id and c.settled_at is null) as under_way,
       coalesce(s.transport = 'hj212' and s.ended_at is null and not exists (
           select from device_control c
           where c.device_id = s.device_id and c.approved_at is not null and c.until > clock_timestamp()
       ), false) as control_is_off,
       case when s.device_id is null then n.network end as network, p.offline_after_s
from device d
join profile p on p.id = d.profile_id
left join lateral network_of(d.id) n on true
left join lateral (
    select s.* from session s where s.device_id in (d.id, d.parent_id) order by s.device_id = d.id desc limit 1
) s on true
where d.code = %(code)s

-- name: command_withdraw
-- Settles an offer that nobody can take, as far as the store knows, or that nobody has taken in its time.
with offer as (
    select c.id, case
        when s.device_id is null and n.network is not null and not coalesce(
            l.away_since is null and l.at > clock_timestamp() - interval '15 s', false)
            then format('the hub is not connected to the broker of network %%s', n.network)
        when s.device_id is null and n.network is null and not exists (
            select from session_holder where broker and at > clock_timestamp() - interval '15 s')
            then 'the hub is not connected to the message broker'
        when s.ended_at is not null then format('%%s is not connected', t.code)
        when h.at < clock_timestamp() - interval '15 s' then format('the process to which %%s is connected is away', t.code)
        when c.take_until <= clock_timestamp() then 'no process of the hub has taken it in time' end as why
    from command c
    join device d on d.id = c.device_id
    left join session s on s.device_id = session_of(d)
    left join session_holder h on h.id = s.holder
    left join device t on t.id = s.device_id
    left join lateral network_of(d.id) n on true
    left join network_listening l on l.name = n.network
    where c.id = %(id)s
)
update command c set state = 'failed', error = 'not sent: ' || why, settled_at = clock_timestamp()
from offer o
where c.id = o.id and o.why is not null and c.taken_at is null and c.settled_at is null
returning c.id

-- name: commands
select c.id, d.code as device, c.name, c.params, c.state, c.actor, c.created_at, c.expires_at, c.sent_at, c.settled_at,
       c.replied_at, c.reply, c.late, c.error, c.network, c.confirmed, c.queued_at
from command c
join device d on d.id = c.device_id
where (%(id)s::uuid is null or c.id = %(id)s)
  and (%(device)s::text is null or d.code = %(device)s)
  and (%(state)s::text is null or c.state = %(state)s)
  and (%(after_created_at)s::timestamptz is null or c.created_at < %(after_created_at)s
       or (c.created_at = %(after_created_at)s and c.id > %(after_id)s))
order by c.created_at desc, c.id
limit %(limit)s
