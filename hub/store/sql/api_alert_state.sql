select state from alert where id = %(id)s
