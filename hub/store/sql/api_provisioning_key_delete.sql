delete from provisioning_key where code = %(code)s returning code
