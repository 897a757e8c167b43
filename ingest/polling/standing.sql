-- name: put
insert into poll_state (device_id, line_id, address, connected_at, ended_at, asked, answered, complaints, complaint,
                        silent_since, exception, registers, changed_at)
select g.*, clock_timestamp()
from unnest(%(device)s::int[], %(line)s::int[], %(address)s::text[], %(connected_at)s::timestamptz[],
            %(ended_at)s::timestamptz[], %(asked)s::bigint[], %(answered)s::bigint[], %(complaints)s::jsonb[],
            %(complaint)s::text[], %(silent_since)s::timestamptz[], %(exception)s::int[], %(registers)s::text[])
     as g (device_id, line_id, address, connected_at, ended_at, asked, answered, complaints, complaint, silent_since,
           exception, registers)
where exists (select from device d where d.id = g.device_id) and exists (select from device d where d.id = g.line_id)
on conflict (device_id) do update
set line_id = excluded.line_id, address = excluded.address, connected_at = excluded.connected_at,
    ended_at = excluded.ended_at, asked = excluded.asked, answered = excluded.answered,
    complaints = excluded.complaints, complaint = excluded.complaint, silent_since = excluded.silent_since,
    exception = excluded.exception, registers = excluded.registers, changed_at = excluded.changed_at

-- name: refusing
-- Devices with a map whose newest fault is that they refuse registers: which ones.
select d.id, e.registers
from device d join profile p on p.id = d.profile_id
cross join lateral (
    select state, attributes ->> 'code' as code, attributes ->> 'registers' as registers
    from event where device_id = d.id and kind = 'fault' order by ts desc limit 1
) e
where p.polling is not null and d.state = 'active' and e.state = 'active' and e.code = 'modbus_exception'
