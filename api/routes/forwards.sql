-- name: begin
insert into forward_position (target_id) select id from forward_target where code = %(code)s on conflict do nothing

-- name: channels
-- What a superior platform sees: of those of its scope what its ceiling lets it see, by the level of their category.
select g.channel, d.code as device, d.name, d.region, d.organisation, coalesce(h.online, false) as online
from forward_target t
join forward_grant g on g.target_id = t.id
join device d on d.id = g.device_id
left join device_health h on h.device_id = d.id
where t.code = %(code)s and g.channel is not null and (%(after_channel)s::text is null or g.channel > %(after_channel)s)
  and coalesce((%(levels)s::jsonb ->> g.category)::int, %(other)s) <= (%(ceilings)s::jsonb ->> lower(t.ceiling))::int
order by g.channel
limit %(limit)s

-- name: kind
select kind from forward_target where code = %(code)s

-- name: delete
delete from forward_target where code = %(code)s

-- name: forwards
select t.code, t.name, t.kind, t.host, t.port, t.number, t.station_kind, t.platform, t.at_once, t.organisation, t.region, t.tag,
       t.ceiling, t.enabled, p.acknowledged, w.pending, w.oldest, p.newest, p.failing_since, p.last_error,
       p.last_error_words, r.registration
from forward_target t
join forward_position p on p.target_id = t.id
left join lateral (
    select jsonb_build_object(
        'registered_at', r.registered_at, 'expires_at', r.expires_at, 'heard_at', r.heard_at, 'responds', r.responds,
        'catalogue_at', r.catalogue_at, 'catalogue_channels', r.catalogue_channels,
        'subscriptions', (select coalesce(jsonb_agg(s.event order by s.event), '[]') from forward_subscription s
                          where s.target_id = t.id and s.expires_at > now()),
        'granted', g.granted, 'unnumbered', g.unnumbered) as registration
    from forward_registration r, lateral (
        select count(channel) as granted, count(*) - count(channel) as unnumbered from forward_grant
        where target_id = t.id) g
    where r.target_id = t.id) r on true
cross join lateral (
    select count(*) as pending, min(made_at) as oldest from forward_report r
    where r.target_id = t.id and r.acknowledged_at is null) w
where (%(code)s::text is null or t.code = %(code)s) and (%(after_code)s::text is null or t.code > %(after_code)s)
order by t.code
limit %(limit)s

-- name: of_another_kind
-- What waits for a platform of GB/T 28181 are alarms, for others readings: neither can be told to the other.
select 1 from forward_target where code = %(code)s and (kind = 'gb28181') <> (%(kind)s = 'gb28181')

-- name: organisation
select code from organisation where code = %(code)s

-- name: put
insert into forward_target (code, name, kind, host, port, number, station_kind, platform, password, at_once, organisation, region,
                            tag, scope_key, ceiling, enabled)
values (%(code)s, %(name)s, %(kind)s, %(host)s, %(port)s, %(number)s, %(station_kind)s, %(platform)s,
        case %(kind)s when 'hj212' then coalesce(%(password)s, %(usual)s)
             -- The one of before, too: a row without is refused before it is found that it conflicts.
             when 'gb28181' then coalesce(%(password)s, (select password from forward_target where code = %(code)s)) end,
        %(at_once)s, %(organisation)s,
        %(region)s, %(tag)s, %(scope_key)s, %(ceiling)s, %(enabled)s)
on conflict (code) do update
set name = excluded.name, kind = excluded.kind, host = excluded.host, port = excluded.port, number = excluded.number,
    station_kind = excluded.station_kind, platform = excluded.platform,
    password = case %(kind)s when 'hj212' then coalesce(%(password)s, forward_target.password, %(usual)s)
                             when 'gb28181' then coalesce(%(password)s, forward_target.password) end,
    at_once = excluded.at_once, organisation = excluded.organisation, region = excluded.region, tag = excluded.tag,
    scope_key = excluded.scope_key, ceiling = excluded.ceiling, enabled = excluded.enabled
returning xmax = 0 as created

-- name: with_password
select 1 from forward_target where code = %(code)s and password is not null
