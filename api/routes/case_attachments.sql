-- name: attachment
select name, media_type, content from case_attachment where id = %(id)s and case_id = %(case_id)s

-- name: linked
-- Of a case of which the consumer was told, and which its owner sees.
select a.case_id, a.name, a.media_type, a.content, c.secret, c.ceiling
from case_attachment a
join case_file f on f.id = a.case_id
join consumer c on c.code = %(consumer)s and c.enabled and c.cases is not null and c.kind = 'webhook'
where a.id = %(id)s and (c.owner is null or f.scope && array[c.owner || '/'])
  and exists (select from case_delivery d where d.consumer_id = c.id and d.case_id = a.case_id)

-- name: there
select 1 as there from case_file where id = %(id)s
