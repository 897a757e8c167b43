-- Some devices; columns as in registry_devices_all.
select string_agg(int4send(d.id), ''), string_agg(int4send(d.profile_id), ''),
       string_agg(int4send(coalesce(d.parent_id, 0)), ''),
       string_agg(case d.state when 'active' then '1' else '0' end, ''), string_agg(d.code, E'\n'),
       string_agg(d.zone, E'\n'),
       (select jsonb_object_agg(p.id, p.code) from device p
        where p.id = any (array(select parent_id from device where id = any (%(ids)s) and parent_id is not null)))
from device d
where d.id = any (%(ids)s)
