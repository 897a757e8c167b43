select code from profile order by code limit 1000
