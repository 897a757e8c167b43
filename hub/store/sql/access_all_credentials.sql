select id, false, device_id, kind, username, secret_hash from credential where revoked_at is null
