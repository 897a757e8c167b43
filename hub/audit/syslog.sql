-- name: unsent
select s.seq, a.id, a.at, a.actor, a.action, a.subject, a.address, a.detail, s.algorithm, encode(s.hash, 'hex') as hash
from audit_seal s
join audit a on a.id = s.audit_id
where s.seq > coalesce((select sent_seq from audit_sink where name = 'syslog'), 0)
order by s.seq
limit %s

-- name: sent
insert into audit_sink (name, sent_seq) values ('syslog', %(seq)s)
on conflict (name) do update set sent_seq = greatest(audit_sink.sent_seq, excluded.sent_seq), sent_at = now()
