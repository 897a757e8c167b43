-- name: attachment
-- Of the case, or of one that went on in it.
with recursive onwards (id, merged_into, depth) as (
    select c.id, c.merged_into, 0
    from case_attachment a join case_file c on c.id = a.case_id where a.id = %(id)s
    union all
    select c.id, c.merged_into, o.depth + 1 from case_file c join onwards o on c.id = o.merged_into where o.depth < 100
)
select a.name, a.media_type, a.content
from case_attachment a
where a.id = %(id)s and exists (select from onwards o where o.id = %(case_id)s)

-- name: linked
-- A consumer, and the attachment, if it is of a case of which the consumer was told, as what it is now (cases_since), and
-- which its owner sees.
select c.secret, c.link_key, c.ceiling, f.case_id, f.name, f.media_type
from consumer c
left join lateral (
    select a.case_id, a.name, a.media_type
    from case_attachment a
    join case_file f on f.id = a.case_id
    where a.id = %(id)s and c.enabled and c.cases is not null and c.kind = 'webhook'
      and (c.owner is null or f.scope && array[c.owner || '/'])
      and exists (select from case_delivery d
                  where d.consumer_id = c.id and d.case_id = a.case_id and d.made_at > c.cases_since)
) f on true
where c.code = %(consumer)s

-- name: content
select content from case_attachment where id = %(id)s

-- name: there
select 1 as there from case_file where id = %(id)s
