delete from maintenance m using device d
where d.id = m.device_id and d.code = %(code)s and m.id = %(id)s
returning m.id
