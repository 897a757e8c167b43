select day, expected, received from completeness where device_id = %(id)s order by day desc limit 14
