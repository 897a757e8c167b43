update rule set enabled = false where code = %(code)s and enabled returning code
