-- name: days
-- A few dozen a year.
select date, workday from calendar_day

-- name: inactive
-- Accounts of rotas that are locked or erased.
select p.id from principal p
where p.state <> 'active'
  and (exists (select from rota_member m where m.principal_id = p.id)
       or exists (select from rota_substitute s where s.principal_id = p.id)
       or exists (select from rota r where r.leader = p.id))

-- name: present
-- Who is at a desk at a moment.
select principal_id from desk_presence where clicked_until > %(at)s and streamed_until > %(at)s

-- name: rotas
-- By code, or one; substitutes that end after a moment.
select r.code, r.zone, r.shifts, r.unit, r.from_date, r.leader, r.handover_minutes,
       (select array_agg(array[m.turn::text, m.principal_id::text] order by m.turn)
        from rota_member m where m.rota = r.code) as members,
       (select jsonb_agg(jsonb_build_array(s.from_at, s.to_at, s.instead_of, s.principal_id) order by s.from_at)
        from rota_substitute s where s.rota = r.code and s.to_at > %(at)s) as substitutes
from rota r
where %(code)s::text is null or r.code = %(code)s
order by r.code

-- name: taken
-- The shift changes since a moment at which somebody has taken over, by rota.
select rota, array_agg(change_at) from handover where taken_at is not null and change_at >= %(since)s group by rota
