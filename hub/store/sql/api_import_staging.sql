-- The rows of a sheet while it is compared with the registry; gone with the transaction.
create temp table device_import (
    line int not null, code text, name text, profile text, parent text, organisation text, region text,
    lon float8, lat float8, zone text, state text, tags jsonb, bad boolean not null,
    id int, fresh boolean, profile_id int, region_before text, state_before text,
    differs boolean not null default false
) on commit drop
