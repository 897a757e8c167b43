update provisioning_key set key_hash = %(key_hash)s, rotated_at = clock_timestamp()
where code = %(code)s returning code
