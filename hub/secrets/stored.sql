-- name: account_name
select name from principal where id::text = %(row)s

-- name: account_totp_pending
select principal_id::text, totp_pending from account
where totp_pending is not null and principal_id::text > %(after)s order by principal_id::text limit %(limit)s

-- name: account_totp_pending_write
update account set totp_pending = %(text)s where principal_id::text = %(row)s and totp_pending = %(was)s

-- name: account_totps
select principal_id::text, totp_secret from account
where totp_secret is not null and principal_id::text > %(after)s order by principal_id::text limit %(limit)s

-- name: account_totp_write
update account set totp_secret = %(text)s where principal_id::text = %(row)s and totp_secret = %(was)s

-- name: camera_logins
select d.code || '/' || c.kind as key, c.login, c.url
from camera_connection c join device d on d.id = c.device_id
where c.login is not null and d.code || '/' || c.kind > %(after)s order by key limit %(limit)s

-- name: camera_login_write
update camera_connection c set login = %(text)s
from device d where d.id = c.device_id and d.code || '/' || c.kind = %(row)s and c.login = %(was)s

-- name: consumer_logins
select code, login, url from consumer
where login is not null and code > %(after)s order by code limit %(limit)s

-- name: consumer_login_write
update consumer set login = %(text)s where code = %(row)s and login = %(was)s

-- name: consumer_queries
select code, query, url from consumer
where query is not null and code > %(after)s order by code limit %(limit)s

-- name: consumer_query_write
update consumer set query = %(text)s where code = %(row)s and query = %(was)s

-- name: consumer_receipt_secrets
select code, receipt_secret from consumer
where receipt_secret is not null and code > %(after)s order by code limit %(limit)s

-- name: consumer_receipt_secret_write
update consumer set receipt_secret = %(text)s where code = %(row)s and receipt_secret = %(was)s

-- name: consumer_secrets
select code, secret from consumer
where code > %(after)s order by code limit %(limit)s

-- name: consumer_secret_write
update consumer set secret = %(text)s where code = %(row)s and secret = %(was)s

-- name: contact_phones
select principal_id::text, phone from contact
where principal_id::text > %(after)s order by principal_id::text limit %(limit)s

-- name: contact_phone_write
update contact set phone = %(text)s where principal_id::text = %(row)s and phone = %(was)s

-- name: device_code
select code from device where id = split_part(%(row)s, ' ', 1)::int

-- name: forward_target_passwords
select code, password from forward_target
where password is not null and code > %(after)s order by code limit %(limit)s

-- name: forward_target_password_write
update forward_target set password = %(text)s where code = %(row)s and password = %(was)s

-- name: mark_sealed
select only_sealed()

-- name: outside_system_secrets
select code, secret from outside_system
where code > %(after)s order by code limit %(limit)s

-- name: outside_system_secret_write
update outside_system set secret = %(text)s where code = %(row)s and secret = %(was)s

-- name: push_api_secret_write
update push_subscription set api_secret = %(text)s where code = %(row)s and api_secret = %(was)s

-- name: push_api_secrets
select code, api_secret from push_subscription
where api_secret is not null and code > %(after)s order by code limit %(limit)s

-- name: push_key_write
update push_subscription set key = %(text)s where code = %(row)s and key = %(was)s

-- name: push_keys
select code, key from push_subscription
where key is not null and code > %(after)s order by code limit %(limit)s

-- name: push_secret_write
update push_subscription set secret = %(text)s where code = %(row)s and secret = %(was)s

-- name: push_secrets
select code, secret from push_subscription
where code > %(after)s order by code limit %(limit)s

-- name: sealed_only
select exists (select from sealed_only)

-- name: station_former_write
update station_password set former = %(text)s where device_id || ' ' || protocol = %(row)s and former = %(was)s

-- name: station_formers
select device_id || ' ' || protocol, former from station_password
where former is not null and device_id || ' ' || protocol > %(after)s
order by device_id || ' ' || protocol limit %(limit)s

-- name: station_password_write
update station_password set password = %(text)s where device_id || ' ' || protocol = %(row)s and password = %(was)s

-- name: station_passwords
select device_id || ' ' || protocol, password from station_password
where device_id || ' ' || protocol > %(after)s order by device_id || ' ' || protocol limit %(limit)s
