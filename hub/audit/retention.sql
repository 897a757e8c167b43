-- name: forget
select audit_forget(%s, %s)
