insert into credential (device_id, kind, username, secret_hash, provisioning_key)
values (%(device)s, %(kind)s, %(username)s, %(secret_hash)s, %(provisioning_key)s)
returning id, created_at
