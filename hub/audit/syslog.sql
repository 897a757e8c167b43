-- name: unsent
select s.seq, a.id, a.at, a.actor, a.action, a.subject, a.address, a.detail, s.algorithm, encode(s.hash, 'hex') as hash
from audit_seal s
join audit a on a.id = s.audit_id
where s.seq > coalesce((select sent_seq from audit_sink where name = 'syslog'), 0)
order by s.seq
limit %s

-- name: sent
select audit_sent('syslog', %(seq)s)
