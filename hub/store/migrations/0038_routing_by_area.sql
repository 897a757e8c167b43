-- A consumer may want the alerts of a named area only.
alter table consumer add column area text references area;

-- The codes of areas in scope keys (migration 0030).
create function areas_of(area_keys text[]) returns text[] language sql immutable parallel safe as $$
    select coalesce((select array_agg(substr(key, 3)) from unnest(area_keys) as key where key ^@ '/@'), '{}')
$$;
