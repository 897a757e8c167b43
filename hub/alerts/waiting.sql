-- name: waiting
-- Nothing waits where no alert of the gateway could keep it back: no rule is about `offline`, or the gateway's silence is
-- never known, for it has neither a time of its own nor two devices behind it. What presence has found and not told yet
-- (devices/health) is not known either. Each gateway is looked at once; one without a time of its own has its devices'.
with asked as materialized (
    select a.id, a.changed_at, a.raised_at, d.parent_id
    from alert a
    join device d on d.id = a.device_id
    where a.id = any (%(ids)b::uuid[])
      and exists (select from inhibition i
                  where i.enabled and 'offline' = any (i.kinds) and 'offline' = any (i.parent_kinds))
      and exists (select from rule r where r.enabled and r.event_kind = 'offline')
), heard as materialized (
    select g.id, greatest(min(own.seen_at), max(seen.seen_at)) as at,
           coalesce(p.offline_after_s, 3 * p.interval_s, max(coalesce(cp.offline_after_s, 3 * cp.interval_s)), 0) as may_be_s
    from device g
    join profile p on p.id = g.profile_id
    join device_health h on h.device_id = g.id and (h.online or h.finding and not h.told)
    left join device_seen own on own.device_id = g.id
    left join device c on c.parent_id = g.id and c.state = 'active'
    left join profile cp on cp.id = c.profile_id
    left join device_seen seen on seen.device_id = c.id
    where g.id in (select parent_id from asked) and g.state = 'active'
    group by g.id, p.offline_after_s, p.interval_s
    having coalesce(p.offline_after_s, p.interval_s, 0) > 0 or count(c.id) >= 2
)
select id, least(clock_timestamp() + make_interval(secs => %(look_s)s), until)
from (
    select asked.id,
           greatest(asked.raised_at + make_interval(secs => %(most_s)s),
                    heard.at + make_interval(secs => heard.may_be_s + %(decided_s)s)) as until
    from asked
    join heard on heard.id = asked.parent_id
    where heard.at <= asked.changed_at
) waits
where until > clock_timestamp()
