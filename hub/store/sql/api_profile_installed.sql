update profile set installed = version where code = %(code)s and installed is distinct from version
