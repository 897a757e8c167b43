-- name: head
select s.seq, encode(s.hash, 'hex'), s.algorithm, s.sealed_at
from audit_chain c
join audit_seal s on s.seq = c.head_seq

-- name: due
select not exists (select from audit_sink where name = 'head' and sent_at > now() - interval '1 day')

-- name: told
select audit_sent('head', %(seq)s)
