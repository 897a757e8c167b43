-- name: consumer_called
select id, code, kind, url, secret, login, query, settings, lang from consumer where code = %(code)s
