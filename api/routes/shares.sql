-- name: ask
insert into data_share (owner, consumer, purpose, kinds, devices, metrics, event_kinds, valid_to, ceiling, asked_by)
values (%(owner)s, %(consumer)s, %(purpose)s, %(kinds)s, %(devices)s, %(metrics)s, %(event_kinds)s, %(valid_to)s,
        %(ceiling)s, %(asked_by)s)
returning id

-- name: decide
update data_share
set state = %(to)s, note = %(note)s, valid_to = %(valid_to)s, ceiling = %(ceiling)s, decided_by = %(by)s, decided_at = clock_timestamp()
where id = %(id)s

-- name: known
select code from organisation where code = any (%(codes)s)

-- name: lock
select id from data_share where id = %(id)s for update

-- name: shares
select s.id, s.owner, s.consumer, s.purpose, s.kinds, s.devices, s.metrics, s.event_kinds, s.state, s.valid_to, s.ceiling,
       coalesce(s.valid_to <= now(), false) as over, s.note, s.asked_by, s.asked_at, s.decided_by, s.decided_at,
       u.uses, u.last_used_at
from data_share s
cross join lateral (
    select coalesce(sum(uses), 0)::bigint as uses, max(last_at) as last_used_at from share_use where share_id = s.id
) u
where (%(id)s::uuid is null or s.id = %(id)s)
  and (%(state)s::text is null or s.state = %(state)s)
  and (%(organisations)s::text[] is null or s.owner = any (%(organisations)s) or s.consumer = any (%(organisations)s))
  and (%(after_asked_at)s::timestamptz is null or s.asked_at < %(after_asked_at)s
       or (s.asked_at = %(after_asked_at)s and s.id > %(after_id)s))
order by s.asked_at desc, s.id
limit %(limit)s

-- name: uses
select day, actor, uses, last_at from share_use where share_id = %(id)s order by day desc, last_at desc limit 1000
