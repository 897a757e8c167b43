-- name: snapshot
set transaction isolation level repeatable read, read only

-- name: span
-- The links to verify, and the hash before them. The span of times is that of their entries, so that what is away within it
-- is missed.
with wanted as (
    select min(s.seq) as first, max(s.seq) as last
    from audit_seal s
    join audit a on a.id = s.audit_id
    where (%(since)s::timestamptz is not null or %(until)s::timestamptz is not null)
      and (%(since)s is null or a.at >= %(since)s) and (%(until)s is null or a.at < %(until)s)
), span as (
    select c.begins_after, c.begins_hash,
           case when %(since)s::timestamptz is null then c.begins_after + 1
                else coalesce(w.first, c.head_seq + 1) end as first,
           case when %(until)s::timestamptz is null then least(c.head_seq, (select max(seq) from audit_seal))
                else coalesce(w.last, c.begins_after) end as last,
           case when %(until)s::timestamptz is null then c.head_seq end as head_seq
    from audit_chain c cross join wanted w
)
select first, coalesce(last, begins_after) as last, coalesce(head_seq, last) as head_seq, begins_after,
       coalesce((select hash from audit_seal where seq = first - 1), begins_hash) as previous
from span

-- name: begin
-- Where the chain begins, unless a sealed entry tells so.
select c.begins_after + 1, null::bigint, null::timestamptz, null::text, null::text
from audit_chain c
where c.begins_after > 0 and %(since)s::timestamptz is null
  and not exists (
      select from audit a
      join audit_seal s on s.audit_id = a.id
      where a.action = 'audit.forget' and a.actor = 'hub' and a.subject = c.begins_after::text
        and a.detail ->> 'hash' = encode(c.begins_hash, 'hex')
  )

-- name: known
select begins_after,
       case when begins_after = %(seq)s then begins_hash
            else (select hash from audit_seal where seq = %(seq)s) end as hash
from audit_chain

-- name: links
-- As in sealing.sql, of what is sealed; then the hash. An entry that is away has no time.
copy (
    select s.seq, s.audit_id, (extract(epoch from a.at) * 1000000)::bigint, a.actor, a.action,
           a.subject, a.address, a.journal, a.detail, (extract(epoch from s.sealed_at) * 1000000)::bigint, s.algorithm,
           encode(s.hash, 'hex')
    from audit_seal s
    left join audit a on a.id = s.audit_id
    where s.seq > %s and s.seq <= %s
    order by s.seq
) to stdout (encoding 'UTF8')

-- name: late
select count(*) as late
from audit_seal s
join audit a on a.id = s.audit_id
where s.seq between %(first)s and %(last)s and s.sealed_at - a.at > interval '1 hour'

-- name: forged
select s.seq, s.audit_id, a.at, a.actor, a.action
from audit_chain c
join audit_seal s on s.seq > c.head_seq or s.seq <= c.begins_after
left join audit a on a.id = s.audit_id

-- name: unsealed
select null::bigint, a.id, a.at, a.actor, a.action
from audit_unsealed u
join audit a on a.id = u.audit_id
where a.at < now() - interval '1 minute'
  and (%(since)s::timestamptz is null or a.at >= %(since)s) and (%(until)s::timestamptz is null or a.at < %(until)s)

-- name: gone
-- Removed before it was sealed.
select null::bigint, u.audit_id, null::timestamptz, null::text, null::text
from audit_unsealed u
left join audit a on a.id = u.audit_id
where a.id is null and %(since)s::timestamptz is null and %(until)s::timestamptz is null

-- name: unqueued
select null::bigint, a.id, a.at, a.actor, a.action
from audit a
left join audit_seal s on s.audit_id = a.id
left join audit_unsealed u on u.audit_id = a.id
where s.seq is null and u.audit_id is null
  and (%(since)s::timestamptz is null or a.at >= %(since)s) and (%(until)s::timestamptz is null or a.at < %(until)s)
