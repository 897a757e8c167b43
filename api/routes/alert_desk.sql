-- name: attach
insert into alert_attachment (id, alert_id, change_id, name, media_type, content)
values (%(id)s, %(alert_id)s, %(change_id)s, %(name)s, %(media_type)s, %(content)s)

-- name: attachment
select name, media_type, content from alert_attachment where id = %(id)s and alert_id = %(alert_id)s

-- name: device
select id from device where code = %(code)s

-- name: held
select (select count(*) from alert_attachment f where f.alert_id = a.id) as attachments from alert a where a.id = %(id)s

-- name: organisation
select code from organisation where code = %(code)s

-- name: person
select id from principal where lower(name) = lower(%(name)s) and kind = 'person' and state = 'active'
