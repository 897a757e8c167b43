select count(*) as devices from device where region ^@ %(prefix)s and state <> 'retired'
