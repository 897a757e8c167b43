-- name: subscribed
select from public.consumer where cases is not null and enabled limit 1

-- name: tell
-- What waits behind another of its case has no time yet: who settles that gives it one, and waits for the lock of the
-- case, which is held here.
-- A consumer gets what one of its filters takes, what its outside system has told of, and how what it was told of goes
-- on, if it was told as what it is now; of that the steps it wants, and what its owner may see after the step. An outside
-- system always hears that its state was not taken over.
insert into public.case_delivery (case_id, consumer_id, seq, kind, at, next_at, picture)
select n.case_id, c.id, n.seq, n.kind, n.at,
       case when row_number() over (partition by c.id, n.case_id order by n.seq) = 1
                 and not exists (select from public.case_delivery before
                                 where before.consumer_id = c.id and before.case_id = n.case_id
                                   and before.state = 'pending')
            then clock_timestamp() end,
       n.picture || jsonb_build_object('number', f.number, 'category_name', k.name)
from rows from (jsonb_to_recordset(%(rows)s::jsonb) as (
    case_id uuid, seq int, kind text, at timestamptz, actor text, follows boolean, picture jsonb)) with ordinality
    as n (case_id, seq, kind, at, actor, follows, picture, place)
join public.case_file f on f.id = n.case_id
join public.consumer c on c.enabled and c.cases is not null
left join public.case_category k on k.version = f.category_version and k.category_kind = n.picture ->> 'category_kind'
                                 and k.code = n.picture ->> 'category'
where (c.owner is null or f.scope && array[c.owner || '/'])
  and (n.follows or c.case_system is null or n.actor <> 'outside:' || c.case_system)
  and (jsonb_typeof(c.cases -> 'steps') is distinct from 'array' or c.cases -> 'steps' ? n.kind
       or n.kind = 'upheld' and c.case_system is not null)
  and (public.case_taken(c.cases -> 'filters', f)
       or exists (select from public.outside_case o where o.case_id = f.id and o.system = c.case_system)
       or exists (select from public.case_delivery d
                  where d.consumer_id = c.id and d.case_id = f.id and d.made_at > c.cases_since))
order by n.place, c.id
on conflict (consumer_id, case_id, seq) do nothing
