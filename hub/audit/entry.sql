-- name: write
select audit_write(%s, %s, %s, %s, %s, %s, %s)
