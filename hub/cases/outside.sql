-- name: lock
-- That of all steps of cases (apply.sql): nothing of a case changes until the commit.
select pg_advisory_xact_lock(hashtext('ganzhi.case'))

-- name: known
-- What a system has told of a case; whether this post was taken already.
select o.case_id, o.told_at, o.told,
       exists (select from public.case_step s where s.id = %(post_id)s)
       or exists (select from public.outside_conflict c where c.id = %(post_id)s) as taken
from public.outside_case o
where o.system = %(system)s and o.outside_id = %(outside_id)s

-- name: named
-- A case of ours by its number or id that the system may name, and what the system calls it already.
select c.id, o.outside_id
from public.case_file c
left join public.outside_case o on o.case_id = c.id and o.system = %(system)s
where (c.number = %(number)s or c.id = %(id)s::uuid)
  and (%(organisation)s::text is null or %(organisation)s in (c.organisation, c.responsible))

-- name: link
insert into public.outside_case (system, outside_id, case_id) values (%(system)s, %(outside_id)s, %(case_id)s)

-- name: category_version
-- The newest table of categories, if it has this one.
select version from public.case_category
where version = (select max(version) from public.case_table where kind = 'categories')
  and category_kind = %(kind)s and code = %(code)s

-- name: tell
update public.outside_case
set told = case when told_at = %(at)s then array_append(told, %(state)s) else array[%(state)s] end, told_at = %(at)s
where system = %(system)s and outside_id = %(outside_id)s

-- name: standing
select c.id, c.number, c.stage, c.stage_at, c.stage_by, c.organisation, c.responsible,
       array(select s.stage_to from public.case_step s where s.case_id = c.id
             union select s.kind from public.case_step s
                   where s.case_id = c.id and s.kind in ('returned', 'failed')) as visited,
       (with recursive on_in (stage, merged_into, depth) as (
            select m.stage, m.merged_into, 0 from public.case_file m where m.id = c.merged_into
            union all
            select m.stage, m.merged_into, o.depth + 1
            from public.case_file m join on_in o on m.id = o.merged_into where o.depth < 100)
        select stage from on_in where stage <> 'merged') as goes_on
from public.case_file c
where c.id = %(id)s

-- name: echo
-- What the system was told last at a moment, if that is this state and a newer stage of the case is on its way to it.
-- A system that has told another state since, or has moved the case, speaks of its own.
select 1 as echo
from public.case_delivery d
join public.consumer c on c.id = d.consumer_id and c.case_system = %(system)s
cross join lateral (select coalesce(d.picture #>> '{outcome,stage}', d.picture ->> 'stage') as stage) said
where d.case_id = %(case_id)s and (d.state = 'delivered' or d.attempts > 0) and d.made_at <= %(at)s
  and %(target)s in (d.kind, said.stage)
  and not exists (select from public.outside_case o
                  where o.system = %(system)s and o.case_id = d.case_id and o.told_at > d.made_at
                    and o.told is distinct from array[%(state)s])
  and not exists (select from public.case_step s
                  where s.case_id = d.case_id and s.seq > d.seq and s.actor = %(actor)s
                    and s.stage_from <> s.stage_to)
  and not exists (select from public.case_delivery n
                  where n.consumer_id = d.consumer_id and n.case_id = d.case_id and n.seq > d.seq
                    and coalesce(n.picture #>> '{outcome,stage}', n.picture ->> 'stage') <> said.stage
                    and n.state = 'delivered' and n.settled_at <= %(at)s)
  and exists (select from public.case_delivery n
              where n.consumer_id = d.consumer_id and n.case_id = d.case_id and n.seq > d.seq
                and coalesce(n.picture #>> '{outcome,stage}', n.picture ->> 'stage') <> said.stage
                and (n.state = 'pending' or n.settled_at > %(at)s))
limit 1

-- name: contradict
insert into public.outside_conflict
    (id, system, case_id, state, target, stage, state_at, note, reason, reason_words)
values (%(id)s, %(system)s, %(case_id)s, %(state)s, %(target)s, %(stage)s, %(at)s, %(note)s, %(reason)s, %(words)s)
on conflict (case_id, system, state) where resolved_at is null do update
set times = outside_conflict.times + 1, told_at = clock_timestamp(), state_at = excluded.state_at,
    stage = excluded.stage, note = coalesce(excluded.note, outside_conflict.note), reason = excluded.reason,
    reason_words = excluded.reason_words

-- name: open
-- Superseded: its system has told of a later moment since.
select c.id, c.case_id, c.target, s.responsible, coalesce(o.told_at > c.state_at, false) as superseded
from outside_conflict c
join public.outside_system s on s.code = c.system
left join public.outside_case o on o.case_id = c.case_id and o.system = c.system
where c.id = %(id)s and c.resolved_at is null

-- name: resolve
update public.outside_conflict
set resolved_at = clock_timestamp(), resolved_by = %(by)s, resolved_as = %(as)s, resolution = %(note)s
where id = %(id)s
