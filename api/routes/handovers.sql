-- name: handovers
-- One, or the newest first. `late_s`: until it was taken over, or withdrawn, or until now.
select h.id, h.rota, h.rota_name, h.organisation, h.region, h.zone, h.shift, h.begins_at, h.change_at, h.outgoing, h.incoming,
       h.leader, h.substitutes, h.made_at, h.made_by, h.note, h.taken_at, h.taken_by, h.taken_note,
       case when h.taken_at is not null then 'taken' when h.withdrawn_at is not null then 'withdrawn' else 'open' end as state,
       greatest(0, extract(epoch from coalesce(h.taken_at, h.withdrawn_at, clock_timestamp()) - h.change_at))::float8 as late_s
from handover h
where (%(id)s::uuid is null or h.id = %(id)s) and (%(rota)s::text is null or h.rota = %(rota)s)
  and (%(after_made_at)s::timestamptz is null or (h.made_at, h.id) < (%(after_made_at)s, %(after_id)s))
order by h.made_at desc, h.id desc
limit %(limit)s

-- name: items
-- `rest`: how many there are, of these and after them.
select i.n, i.kind, i.alert_id, i.case_id, i.facts, count(*) over () as rest
from handover_item i
where i.handover_id = %(id)s and (%(channels)s or i.kind <> 'channel') and i.n > %(after)s
order by i.n
limit %(limit)s

-- name: log
select c.at, c.kind, c.alert_id, c.note, c.note_words, c.details, a.title,
       coalesce(c.actor, nullif(who.display_name, ''), who.name) as actor
from alert_change c
join alert a on a.id = c.alert_id
left join principal who on who.id = c.principal
where c.at >= %(from)s and c.at < %(to)s and a.drill_id is null
  and (%(region)s::text is null or a.region is null or a.region ^@ %(region)s)
order by c.cursor
limit %(limit)s
