-- name: accounts
-- Of people, by their names in lower case: who belongs to what the given keys reach, or is granted something there.
select p.id, lower(p.name) as name
from principal p
where p.kind = 'person' and p.state <> 'erased' and lower(p.name) = any (%(names)s)
  and (%(reach)s::text[] is null or scope_keys(p.organisation, null, '{}') && %(reach)s
       or exists (select from access_grant g
                  where g.principal_id = p.id
                    and scope_keys(g.organisation, g.region, coalesce(array[concat(g.organisation, '/@', g.area)], '{}'))
                        && %(reach)s))

-- name: add
insert into rota (code, name, organisation, region, zone, shifts, unit, from_date, leader, handover_minutes)
values (%(code)s, %(name)s, %(organisation)s, %(region)s, %(zone)s, %(shifts)s, %(unit)s, %(from_date)s, %(leader)s,
        %(handover_minutes)s)

-- name: chain
select code from chain where steps @> jsonb_build_array(jsonb_build_object('rota', %(code)s::text)) limit 1

-- name: change
update rota
set name = %(name)s, organisation = %(organisation)s, region = %(region)s, zone = %(zone)s, shifts = %(shifts)s,
    unit = %(unit)s, from_date = %(from_date)s, leader = %(leader)s, handover_minutes = %(handover_minutes)s
where code = %(code)s

-- name: delete
delete from rota where code = %(code)s returning code

-- name: lock
select code from rota where code = %(code)s for update

-- name: members_add
insert into rota_member (rota, turn, principal_id)
select %(code)s, turn, person from unnest(%(turns)s::int[], %(people)s::uuid[]) as m (turn, person)

-- name: members_clear
delete from rota_member where rota = %(code)s

-- name: organisation
select code from organisation where code = %(code)s

-- name: rotas
select r.code, r.name, r.organisation, r.region, r.zone, r.shifts, r.unit, r.from_date, r.leader, r.handover_minutes,
       (select jsonb_agg(people order by turn)
        from (select m.turn, jsonb_agg(m.principal_id order by m.principal_id) as people
              from rota_member m where m.rota = r.code group by m.turn) t) as turns,
       (select coalesce(jsonb_agg(jsonb_build_object('from_at', s.from_at, 'to_at', s.to_at, 'instead_of', s.instead_of,
                                                     'person', s.principal_id) order by s.from_at, s.instead_of), '[]')
        from rota_substitute s where s.rota = r.code) as substitutes
from rota r
where (%(code)s::text is null or r.code = %(code)s) and (%(after_code)s::text is null or r.code > %(after_code)s)
order by r.code
limit %(limit)s

-- name: substitutes_add
insert into rota_substitute (rota, instead_of, from_at, to_at, principal_id)
select %(code)s, * from unnest(%(instead_of)s::uuid[], %(from_at)s::timestamptz[], %(to_at)s::timestamptz[],
                               %(person)s::uuid[])

-- name: substitutes_clear
delete from rota_substitute where rota = %(code)s
