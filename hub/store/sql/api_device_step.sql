update device set state = %(state)s where code = %(code)s
