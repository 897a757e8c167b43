-- name: delete
delete from inhibition where code = %(code)s

-- name: inhibitions
select i.code, i.parent_kinds, i.parent_metrics, i.kinds, i.enabled, i.changed_at,
       (select count(*)
        from outbox o
        join alert a on a.id = o.alert_id
        left join rule r on r.id = a.rule_id
        where o.state = 'inhibited' and i.enabled and coalesce(r.event_kind, a.event_kind) = any (i.kinds)) as keeps_back
from inhibition i
where (%(code)s::text is null or i.code = %(code)s) and (%(after_code)s::text is null or i.code > %(after_code)s)
order by i.code
limit %(limit)s

-- name: look_anew
-- By no alert: the next look (hub/alerts/release.py) finds what keeps it back now, if anything does.
update outbox set inhibited_by = '00000000-0000-0000-0000-000000000000' where state = 'inhibited'

-- name: put
insert into inhibition (code, parent_kinds, parent_metrics, kinds, enabled)
values (%(code)s, %(parent_kinds)s, %(parent_metrics)s, %(kinds)s, %(enabled)s)
on conflict (code) do update
set parent_kinds = excluded.parent_kinds, parent_metrics = excluded.parent_metrics, kinds = excluded.kinds,
    enabled = excluded.enabled, changed_at = clock_timestamp()
returning xmax = 0 as created
