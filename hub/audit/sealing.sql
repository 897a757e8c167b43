-- name: head
select head_seq, head_hash from audit_chain

-- name: links
-- The lines of the next links, as verification.sql reads them back.
copy (
    select %s + row_number() over (order by a.id), a.id, (extract(epoch from a.at) * 1000000)::bigint, a.actor, a.action,
           a.subject, a.address, a.journal, a.detail, (extract(epoch from now()) * 1000000)::bigint, %s::text
    from audit_unsealed u
    join audit a on a.id = u.audit_id
    order by a.id
    limit %s
) to stdout (encoding 'UTF8')

-- name: append
select audit_append(%s, %s::bigint[], %s, %s::bytea[])
