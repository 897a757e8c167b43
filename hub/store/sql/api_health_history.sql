select at, online, cause from device_online where device_id = %(id)s order by at desc limit 100
