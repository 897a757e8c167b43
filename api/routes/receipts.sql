-- name: consumer
select id, code, receipt_secret, settings -> 'receipt' as fields from consumer
where code = %(code)s and kind = 'http' and receipt_secret is not null
