-- Who handles a case in an area, or helps, sees it by that area, too; and areas that were drawn anew since a case was
-- reported hold it by where it is.
create or replace function case_scope(
    organisation text, responsible text, assisting text[], region text, area_keys text[]
) returns text[] language sql immutable parallel safe as $$
    select array(select distinct key
                 from unnest(array[organisation, responsible] || assisting) as o (code),
                      unnest(public.scope_keys(o.code, region, array(
                          select of_organisation || '/@' || area
                          from unnest(public.areas_of(area_keys)) as area,
                               unnest(array['', o.code]) as of_organisation
                          where of_organisation is not null))) as key)
$$;

-- By months, for the tally of cases counts what one statement changes in memory.
do $$
declare month timestamptz;
begin
    for month in select distinct date_trunc('month', reported_at) from case_file loop
        update case_file c
        set area_keys = area_keys(c.organisation, c.region, c.lon, c.lat)
        where c.reported_at >= month and c.reported_at < month + interval '1 month'
          and (c.area_keys <> '{}' or area_keys(c.organisation, c.region, c.lon, c.lat) <> '{}');
    end loop;
end $$;
