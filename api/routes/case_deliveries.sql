-- name: deliveries
select d.id, c.code as consumer, d.case_id as "case", f.number, d.seq, d.kind, d.at, d.state, d.attempts,
       case when d.state = 'pending' then greatest(d.next_at, c.held_until) end as next_at, d.settled_at, d.last_error,
       d.last_error_words
from case_delivery d
join consumer c on c.id = d.consumer_id
join case_file f on f.id = d.case_id
where (%(consumer)s::text is null or c.code = %(consumer)s)
  and (%(case)s::uuid is null or d.case_id = %(case)s)
  and (%(state)s::text is null or d.state = %(state)s)
  and (%(after_id)s::bigint is null or d.id < %(after_id)s)
order by d.id desc
limit %(limit)s

-- name: ready
-- Whoever asks for it knows that the consumer is there again.
update consumer set held_until = null where code = %(code)s returning code

-- name: again
with chosen as (
    update case_delivery d
    set state = 'pending', attempts = 0, made_at = clock_timestamp(), next_at = clock_timestamp(), settled_at = null
    from consumer c
    where c.id = d.consumer_id and c.code = %(code)s
      and (d.state = 'given_up' or %(accepted)s and d.state = 'delivered')
      and (%(since)s::timestamptz is null or d.at >= %(since)s)
      and (%(case)s::uuid is null or d.case_id = %(case)s)
    returning 1
)
select count(*) as deliveries from chosen
