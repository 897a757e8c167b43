select distinct on (code) code, name from region where code = any (%(codes)s) order by code, valid_from desc
