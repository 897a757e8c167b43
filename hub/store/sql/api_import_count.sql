select count(*) filter (where fresh) as created, count(*) filter (where differs) as updated from device_import
