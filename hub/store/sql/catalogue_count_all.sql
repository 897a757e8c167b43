-- Counts every device again; only what differs is written. What it takes to count is what the clock says meanwhile.
with fresh as materialized (
    select coalesce(left(region, 6), '') as county, coalesce(organisation, '') as organisation, profile_id,
           count(*) as catalogued, count(*) filter (where active) as active,
           count(*) filter (where in_maintenance) as in_maintenance, count(*) filter (where online) as online,
           count(*) filter (where sound) as sound,
           coalesce(sum(expected), 0) as expected, coalesce(sum(received), 0) as received
    from catalogue_state
    group by 1, 2, 3
), gone as (
    delete from catalogue_count c
    where not exists (select from fresh f where (f.county, f.organisation, f.profile_id)
                                                = (c.county, c.organisation, c.profile_id))
), put as (
    insert into catalogue_count as c
    select * from fresh
    on conflict (county, organisation, profile_id) do update
    set catalogued = excluded.catalogued, active = excluded.active, in_maintenance = excluded.in_maintenance,
        online = excluded.online, sound = excluded.sound, expected = excluded.expected, received = excluded.received
    where (c.catalogued, c.active, c.in_maintenance, c.online, c.sound, c.expected, c.received)
          is distinct from (excluded.catalogued, excluded.active, excluded.in_maintenance, excluded.online,
                            excluded.sound, excluded.expected, excluded.received)
)
select count(*) from fresh
