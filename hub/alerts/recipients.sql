-- name: revision
select revision from routing_revision

-- name: subscriptions
-- All that alerts are routed by, in one snapshot.
select r.revision,
       (select coalesce(jsonb_agg(jsonb_build_array(c.id, c.code, c.owner, c.filters, c.enabled, c.fallback) order by c.id), '[]')
        from consumer c) as consumers,
       (select coalesce(jsonb_agg(jsonb_build_array(a.code, a.valid_from, a.valid_to)), '[]') from area a) as areas,
       (select coalesce(jsonb_agg(jsonb_build_array(o.code, o.parent, o.region)), '[]') from organisation o
        where o.parent is not null or o.region is not null) as organisations,
       (select coalesce(jsonb_agg(jsonb_build_array(
                   s.owner, s.consumer, s.devices, s.metrics, s.event_kinds, s.valid_to)), '[]')
        from data_share s
        where s.state = 'granted' and 'alerts' = any (s.kinds)) as shares
from routing_revision r

-- name: places
-- What alerts are routed by; `told`: who was told of each before.
select a.id,
       case when %(border_m)s > 0 then
           (select jsonb_object_agg(b.key, b.distance)
            from borders_near(coalesce(a.lon, d.lon), coalesce(a.lat, d.lat), %(border_m)s) b) end as near,
       coalesce(d.organisation, a.organisation) as organisation, a.region, coalesce(p.category, a.category) as category,
       a.peak_level as level, areas_of(coalesce(d.area_keys, a.area_keys)) as areas,
       coalesce(r.event_kind, a.event_kind) as event_kind,
       d.code as device, s.metric,
       array(select o.consumer_id from alert_change c join outbox o on o.change_id = c.id
             where c.alert_id = a.id and c.seq < a.seq
             union
             select unnest(c.recipients) from alert_change c where c.alert_id = a.id and c.seq < a.seq) as told
from alert a
left join rule r on r.id = a.rule_id
left join device d on d.id = a.device_id
left join profile p on p.id = d.profile_id
left join series s on s.id = a.series_id
where a.id = any (%(ids)b::uuid[])
