-- name: system
select code, secret, organisation, responsible, states, categories from outside_system where code = %(code)s and enabled
