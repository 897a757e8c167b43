-- name: revision
select revision from public.routing_revision

-- name: subscriptions
-- All that alerts are routed by, in one snapshot: all of it whoever asks, since a process keeps it for all.
select r.revision,
       (select coalesce(jsonb_agg(jsonb_build_array(c.id, c.code, c.owner, c.filters, c.enabled, c.fallback,
               c.quiet, case when c.kind not in ('kafka', 'mqtt') then c.grouping end) order by c.id), '[]')
        from public.consumer c) as consumers,
       (select coalesce(jsonb_agg(jsonb_build_array(a.code, a.valid_from, a.valid_to)), '[]')
        from public.area a) as areas,
       (select coalesce(jsonb_agg(jsonb_build_array(o.code, o.parent, o.region)), '[]') from public.organisation o
        where o.parent is not null or o.region is not null) as organisations,
       (select coalesce(jsonb_agg(jsonb_build_array(
                   s.id, s.owner, s.consumer, s.devices, s.metrics, s.event_kinds, s.valid_to,
                   array_position(array['L1', 'L2', 'L3', 'L4', 'important', 'core'], s.ceiling))), '[]')
        from public.data_share s
        where s.state = 'granted' and 'alerts' = any (s.kinds)) as shares,
       (select coalesce(jsonb_agg(jsonb_build_array(s.id, jsonb_strip_nulls(jsonb_build_object(
                   'region', s.region, 'organisation', s.organisation, 'area', s.area, 'category', s.category,
                   'event_kind', s.event_kind)), d.code, s.max_level, s.from_at, s.to_at)), '[]')
        from public.silence s left join public.device d on d.id = s.device_id
        where s.to_at > now() and (s.max_level < 4 or s.approved_at is not null)) as silences,
       (select coalesce(jsonb_agg(jsonb_build_array(h.code, h.filter, h.steps, h.repeats, h.verify_within_s)), '[]')
        from public.chain h) as chains,
       exists (select from public.escalation e where e.chain is null) as chains_left
from public.routing_revision r

-- name: places
-- The fields of Place: what alerts are routed by; `told`: who was told of each before, and was not only kept from it. What
-- belongs to an alert is looked up one by one (offset 0): joined by hash, a batch of 150 alerts read all devices and all
-- series, for 55 ms.
select a.id, coalesce(d.organisation, a.organisation), a.region, coalesce(p.category, a.category), a.peak_level,
       areas_of(coalesce(d.area_keys, a.area_keys)), coalesce(r.event_kind, a.event_kind), d.code, s.metric,
       case when %(border_m)s > 0 then
           (select jsonb_object_agg(b.key, b.distance)
            from borders_near(coalesce(a.lon, d.lon), coalesce(a.lat, d.lat), %(border_m)s) b) end as near,
       coalesce(told.consumers, '{}') as told,
       case when a.drill_id is not null then coalesce(drill.consumers, '{}') end as drill,
       a.drill_id is not null and a.origin = 'rule' as tested,
       case when a.origin <> 'rule' or a.drill_id is not null or a.peak_level >= 4 then null
            when r.event_kind is not null then inhibitors(d.parent_id, r.event_kind)
                || case when r.event_kind in ('offline', 'fault', 'video_loss')
                       then incident_leads(a.id, d.id, r.event_kind, a.opened_at) end
                || case when r.event_kind = 'offline' then (
                       select array_agg(o.id order by o.raised_at, o.id)
                       from alert o join rule why on why.id = o.rule_id
                       where o.device_id = d.id and why.signal = 'silence' and o.raised_at < a.raised_at
                         and o.level >= a.peak_level
                         and o.cleared_at is null and o.handling not in ('closed', 'false_alarm', 'merged')
                         and o.drill_id is null) end
            -- A device that is offline, or would be kept back as such, is why its series are silent; that it is silent is
            -- told once: by whichever is known first, unless the other one is above its level.
            when r.signal = 'silence' then inhibitors(d.parent_id, 'offline') || (
                select array_agg(o.id order by o.raised_at, o.id)
                from alert o join rule why on why.id = o.rule_id
                where o.device_id = d.id and why.event_kind = 'offline'
                  and (o.raised_at <= a.raised_at or told.consumers is null) and o.level >= a.peak_level
                  and o.cleared_at is null and o.handling not in ('closed', 'false_alarm', 'merged')
                  and o.drill_id is null)
            end as inhibitors,
       r.signal = 'silence' and a.drill_id is null and a.peak_level < 4 and d.parent_id is not null as behind
from alert a
left join rule r on r.id = a.rule_id
left join lateral (select d.* from device d where d.id = a.device_id offset 0) d on true
left join profile p on p.id = d.profile_id
left join lateral (select s.metric from series s where s.id = a.series_id offset 0) s on true
left join drill on drill.id = a.drill_id
left join lateral (select t.consumers from alert_told t where t.alert_id = a.id offset 0) told on true
where a.id = any (%(ids)b::uuid[])

-- name: told_of
select above.id, told.consumers, told.levels
from unnest(%(ids)b::uuid[]) as above (id)
cross join lateral (select array_agg(t.consumer) as consumers, array_agg(t.level) as levels from told_levels(above.id) t) told
