insert into command (id, device_id, name, params, actor, key, expires_at)
values (%(id)s, %(device_id)s, %(name)s, %(params)s, %(actor)s, %(key)s,
        clock_timestamp() + make_interval(secs => %(timeout_s)s))
on conflict (device_id, key) do nothing
returning created_at, expires_at
