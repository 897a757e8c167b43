select kind, username, revoked_at from credential where device_id = %(id)s order by id desc limit 20
