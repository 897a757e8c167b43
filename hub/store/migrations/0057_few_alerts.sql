-- The alerts of a device, newest first, and those of the few devices that a caller with a limited scope may see.
create index alert_device on alert (device_id, raised_at desc, id);

-- Whether finding all alerts of the devices that a caller may see costs less than looking at the newest alerts of all until
-- a page is full, by the statistics of the planner. Of a million alerts 5,000 are found in some 30 ms. False without a scope.
create function scope_few_alerts(p_limit int, p_active boolean) returns boolean language sql stable as $$
    select coalesce(reach < 12000 and reach / devices * alerts < greatest(5000, sqrt(p_limit * alerts)), false)
    from (select scope_reach()::float8 as reach,
                 (select greatest(reltuples, 1)::float8 from pg_class where oid = 'public.device'::regclass) as devices,
                 (select greatest(reltuples, 1)::float8 from pg_class
                  where oid = case when p_active then 'public.alert_uncleared' else 'public.alert' end::regclass) as alerts
         ) as about
$$;
