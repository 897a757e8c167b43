-- The incidents in reach are found by an index, before their alerts are looked at: a storm has a thousand of them.
create function incident_reach(p_lon float8, p_lat float8, metres float8) returns box
language sql immutable parallel safe as $$
    select box(point(p_lon - metres / 111000 / greatest(cos(radians(p_lat)), 0.01), p_lat - metres / 111000),
               point(p_lon + metres / 111000 / greatest(cos(radians(p_lat)), 0.01), p_lat + metres / 111000))
$$;
create index incident_near on incident using gist (incident_reach(lon, lat, reach_m + radius_m))
    where link = 'near' and merged_into is null;
create index incident_behind on incident (parent_id) where link = 'parent' and merged_into is null;

create or replace function incident_leads(p_alert uuid, p_device int, p_kind text, p_at timestamptz) returns uuid[]
language sql stable parallel safe as $$
    with reached as materialized (
        select i.lead, i.made_at, i.first_at, i.within_s, i.consequences
        from public.device d
        join public.incident i on i.link = 'parent' and i.parent_id in (d.id, d.parent_id) and i.merged_into is null
        where d.id = p_device
        union all
        select i.lead, i.made_at, i.first_at, i.within_s, i.consequences
        from public.device d
        join public.incident i
            on i.link = 'near' and i.merged_into is null
               and public.incident_reach(i.lon, i.lat, i.reach_m + i.radius_m)
                   && box(point(d.lon, d.lat), point(d.lon, d.lat))
               and 111195 * sqrt(power((d.lon - i.lon) * cos(radians((d.lat + i.lat) / 2)), 2)
                                 + power(d.lat - i.lat, 2)) <= i.reach_m + i.radius_m
        where d.id = p_device
    )
    select array_agg(lead.id order by lead.raised_at, lead.id)
    from public.alert lead
    join public.alert self on self.id = p_alert and (lead.raised_at, lead.id) < (self.raised_at, self.id)
    where lead.id in (
            select lead from reached
            where made_at > now() - interval '1 day' and p_kind = any (consequences)
              and p_at >= first_at - make_interval(secs => within_s))
      and lead.cleared_at is null and lead.handling not in ('closed', 'false_alarm', 'merged')
$$;
