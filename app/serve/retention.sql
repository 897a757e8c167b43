-- name: desk_hours
delete from desk_hour where (hour, principal_id) in (
    select hour, principal_id from desk_hour
    where hour < now() - make_interval(days => %(days)s) limit %(batch)s)

-- name: desk_presence
delete from desk_presence where principal_id in (
    select principal_id from desk_presence
    where greatest(clicked_until, streamed_until) < now() - make_interval(days => %(days)s) limit %(batch)s)

-- name: drills
-- Those that no alert and no proof is of any more.
delete from drill where id in (
    select t.id from drill t
    where t.over_at < now() - make_interval(days => %(days)s)
      and not exists (select from alert a where a.drill_id = t.id)
      and not exists (select from proof_test p where p.drill_id = t.id)
    limit %(batch)s)

-- name: events
-- But the newest of each kind at each device: what is older and comes later must find it. That at a part of a device only
-- while something older would count (stale_s; null: always), or an alert of it lasts: a device names parts as it likes.
with gone as (
    delete from event where id in (
        select e.id from event e
        where e.ts < now() - make_interval(days => %(days)s)
          and (exists (
                  select from event n where n.kind = e.kind and n.device_id = e.device_id
                    and coalesce(n.part, '') = coalesce(e.part, '')
                    and least(n.ts, n.received_at) > least(e.ts, e.received_at)
              ) or (e.part is not null and e.ts < now() - make_interval(secs => %(stale_s)s::float8) and not exists (
                  select from alert a
                  where a.device_id = e.device_id and a.cleared_at is null and alert_part(a.target) = e.part)))
        limit %(batch)s
        for update of e skip locked
    )
    returning id
), contents as (
    delete from event_replaced where id in (select id from gone)
)
select id from gone

-- name: forwarded
delete from forward_report where id in (
    select id from forward_report
    where acknowledged_at < now() - make_interval(days => %(days)s) limit %(batch)s)

-- name: gaps
delete from push_gap where (device_id, from_at) in (
    select device_id, from_at from push_gap where to_at < now() - make_interval(days => %(days)s) limit %(batch)s)

-- name: incidents
-- Those that no alert is in any more.
delete from incident where id in (
    select i.id from incident i
    where i.made_at < now() - make_interval(days => %(days)s)
      and not exists (select from incident_member m where m.incident_id = i.id)
    limit %(batch)s)

-- name: maintenance
delete from maintenance where id in (
    select id from maintenance where to_at < now() - make_interval(days => %(days)s) limit %(batch)s)

-- name: not_forwarded
delete from forward_report where id in (
    select id from forward_report
    where acknowledged_at is null and made_at < now() - make_interval(days => %(days)s) limit %(batch)s)

-- name: proofs
-- The newest of a device stays: it tells when the next test is due.
delete from proof_test where alert_id in (
    select p.alert_id from proof_test p
    where p.accepted_at < now() - make_interval(days => %(days)s)
      and exists (select from proof_test n where n.device_id = p.device_id and (n.at, n.alert_id) > (p.at, p.alert_id))
    limit %(batch)s)

-- name: readings
with replaced as (delete from reading_replaced where ts < now() - make_interval(days => %(days)s)),
    contents as (delete from event_replaced where replaced_at < now() - make_interval(days => %(days)s))
select drop_readings_before(now() - make_interval(days => %(days)s))

-- name: silences
delete from silence where id in (
    select s.id from silence s
    where s.to_at < now() - make_interval(days => %(days)s) and not exists (select from outbox o where o.silence_id = s.id)
    limit %(batch)s)

-- name: summaries
delete from outbox where id in (
    select id from outbox
    where until_cursor is not null and settled_at < now() - make_interval(days => %(days)s)
    limit %(batch)s)

-- name: episodes
delete from episode where id in (
    select id from episode
    where ended_at < now() - make_interval(days => %(days)s) order by began_at limit %(batch)s)

-- name: guards
delete from guard_off where (device_id, part, kind) in (
    select device_id, part, kind from guard_off
    where over_at < now() - make_interval(days => %(days)s) limit %(batch)s)

-- name: unmapped
delete from unmapped_code where (device_id, protocol, what, code) in (
    select device_id, protocol, what, code from unmapped_code
    where last_at < now() - make_interval(days => %(days)s) limit %(batch)s)

-- name: unused
delete from device_unused where (device_id, name) in (
    select device_id, name from device_unused where last_at < now() - make_interval(days => %(days)s) limit %(batch)s)

-- name: warnings
with sources as (
    delete from warning_source where tried_at < now() - interval '30 days'
)
delete from warning where id in (
    select id from warning
    where changed_at < now() - make_interval(days => %(days)s) and ends_at < now()
    limit %(batch)s)

-- name: registrations
-- Of cameras that have not come back.
delete from sip_registration where id in (
    select id from sip_registration
    where greatest(expires_at, at) < now() - make_interval(days => %(days)s) limit %(batch)s)

-- name: camera_states
delete from camera_state where (device_id, from_at) in (
    select device_id, from_at from camera_state
    where to_at < now() - make_interval(days => %(days)s) limit %(batch)s)

-- name: camera_totals
delete from camera_total where (day, device_id) in (
    select day, device_id from camera_total
    where day < current_date - %(days)s::int order by day limit %(batch)s)

-- name: camera_gaps
delete from camera_gap where from_at in (
    select from_at from camera_gap where to_at < now() - make_interval(days => %(days)s) limit %(batch)s)

-- name: camera_places
-- Of cameras that nobody has learned the place of since, and of those that are out of use.
delete from camera_place where (device_id, source) in (
    select p.device_id, p.source from camera_place p join device d on d.id = p.device_id
    where p.learned_at < now() - make_interval(days => %(days)s) or d.state = 'retired' limit %(batch)s)
