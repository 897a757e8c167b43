-- name: import_near
-- Which of these codes are in the sheet or registered.
select code from device where code = any (%(codes)s)
union
select code from device_import where code = any (%(codes)s)
