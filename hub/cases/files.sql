-- name: lock
-- That of all steps of cases (apply.sql).
select pg_advisory_xact_lock(hashtext('ganzhi.case'))

-- name: known
select from public.case_attachment where case_id = %(case_id)s and digest = %(digest)s limit 1

-- name: held
select count(*) from public.case_attachment where case_id = %(case_id)s

-- name: keep
insert into public.case_attachment (id, case_id, seq, name, media_type, content, digest)
values (%(id)s, %(case_id)s, %(seq)s, %(name)s, %(media_type)s, %(content)s, %(digest)s)

-- name: take_over
insert into public.case_attachment (id, case_id, seq, name, media_type, content, digest, of_alert, added_at)
select gen_random_uuid(), c.id, c.seq, f.name, f.media_type, f.content, sha256(f.content), f.id, f.added_at
from public.alert_attachment f
join public.case_file c on c.alert_id = f.alert_id and c.ended_at is null
where f.alert_id = any (%(alert_ids)s::uuid[])
on conflict (case_id, of_alert) where of_alert is not null do nothing
