-- Devices that changed since a snapshot's xmin ('0': all), as columns in one row.
select string_agg(int4send(id), ''), string_agg(int4send(profile_id), ''),
       string_agg(code || E'\t' || translate(name, E'\n\t', '  '), E'\n')
from device
where %(since)s::text = '0' or revision >= %(since)s::text::xid8
