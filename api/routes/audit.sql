-- name: entries
select a.id, s.seq, a.at, a.actor, a.action, a.subject, a.address, a.detail
from audit a
left join audit_seal s on s.audit_id = a.id
where (%(after_id)s::bigint is null or a.id < %(after_id)s)
  and (%(actor)s::text is null or a.actor = %(actor)s)
  and (%(action)s::text is null or a.action = %(action)s or a.action ^@ (%(action)s || '.'))
  and (%(subject)s::text is null or a.subject = %(subject)s)
  and (%(since)s::timestamptz is null or a.at >= %(since)s) and (%(until)s::timestamptz is null or a.at < %(until)s)
order by a.id desc
limit %(limit)s

-- name: export
select a.id, s.seq, a.at, a.actor, a.action, a.subject, a.address, a.detail, s.sealed_at, s.algorithm,
       encode(s.hash, 'hex') as hash
from audit a
left join audit_seal s on s.audit_id = a.id
where (%(actor)s::text is null or a.actor = %(actor)s)
  and (%(action)s::text is null or a.action = %(action)s or a.action ^@ (%(action)s || '.'))
  and (%(subject)s::text is null or a.subject = %(subject)s)
  and (%(since)s::timestamptz is null or a.at >= %(since)s) and (%(until)s::timestamptz is null or a.at < %(until)s)
order by a.id
