select id, name, params from command where device_id = %(device_id)s and key = %(key)s
