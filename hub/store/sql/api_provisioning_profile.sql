select id from profile where code = %(profile)s
