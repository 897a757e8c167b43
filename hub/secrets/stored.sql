-- name: consumer_logins
select code, login from consumer
where login is not null and code > %(after)s order by code limit %(limit)s

-- name: consumer_login_write
update consumer set login = %(text)s where code = %(row)s and login = %(was)s

-- name: consumer_secrets
select code, secret from consumer
where code > %(after)s order by code limit %(limit)s

-- name: consumer_secret_write
update consumer set secret = %(text)s where code = %(row)s and secret = %(was)s
