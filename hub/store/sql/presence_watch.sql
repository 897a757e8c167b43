-- One row of columns, packed: 100,000 rows take psycopg 0.7 s one by one. Flags, from the lowest bit: active, in
-- maintenance, finding (1 each); what it says and what was decided, plus 1 (2 each); cause (2).
select string_agg(int4send(w.id), ''), string_agg(int4send(coalesce(w.parent_id, 0)), ''),
       string_agg(float8send(w.allowed), ''), string_agg(int2send(w.flags::int2), ''),
       string_agg(timestamptz_send(w.seen_at), ''), string_agg(timestamptz_send(w.said_at), ''),
       string_agg(timestamptz_send(w.ended), ''), string_agg(timestamptz_send(w.since), '')
from (
    select d.id, d.parent_id,
           coalesce(
               p.offline_after_s, case when p.interval_s > 0 then greatest(3 * p.interval_s, %(least_s)s) end, 0
           )::float8 as allowed,
           (d.state = 'active')::int + coalesce(m.now, false)::int * 2 + coalesce(h.finding, false)::int * 4
               + coalesce(t.online::int + 1, 0) * 8 + coalesce(h.online::int + 1, 0) * 32
               + case h.cause when 'silence' then 1 when 'status' then 2 when 'gateway' then 3 else 0 end * 128 as flags,
           coalesce(s.seen_at, '-infinity') as seen_at, coalesce(t.at, '-infinity') as said_at,
           coalesce(m.ended, '-infinity') as ended, coalesce(h.since, '-infinity') as since
    from device d
    join profile p on p.id = d.profile_id
    left join device_seen s on s.device_id = d.id
    left join device_status t on t.device_id = d.id
    left join device_health h on h.device_id = d.id
    left join (
        select device_id, bool_or(to_at > %(at)s) as now, max(to_at) filter (where to_at <= %(at)s) as ended
        from maintenance where from_at <= %(at)s group by device_id
    ) m on m.device_id = d.id
    where d.state = 'active' or h.online is not null
) w
