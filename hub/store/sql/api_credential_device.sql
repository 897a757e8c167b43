-- Locked, so that its user names are chosen by one at a time.
select d.id, d.code, d.state, p.metrics, p.mapping <> '{}' as mapped,
       coalesce((select array_agg(k.code) from device k where k.parent_id = d.id and k.state <> 'retired'), '{}')
           as children
from device d join profile p on p.id = d.profile_id
where d.code = %(code)s
for no key update of d
