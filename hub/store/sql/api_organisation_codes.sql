select code from organisation order by code limit 10000
