-- All devices as columns in one row, and the codes of those that others hang below.
-- A value each row and column would be a million small ones in the driver: four times as long.
select string_agg(int4send(d.id), ''), string_agg(int4send(d.profile_id), ''),
       string_agg(int4send(coalesce(d.parent_id, 0)), ''),
       string_agg(case d.state when 'active' then '1' else '0' end, ''), string_agg(d.code, E'\n'),
       string_agg(d.zone, E'\n'),
       (select jsonb_object_agg(p.id, p.code) from device p
        where p.id in (select parent_id from device where parent_id is not null))
from device d
