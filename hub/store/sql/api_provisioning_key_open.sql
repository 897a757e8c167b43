-- Locked: its limit is counted by one registration at a time.
select code, key_hash, enabled, expires_at, device_limit, used from provisioning_key where code = %(code)s for update
