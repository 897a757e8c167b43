-- What people call the part of a device that an alert is at, a device has told: a title with it is cut as what it told is.
create or replace view cut.alert_sight as
select a.id, u.uncut,
       u.uncut or case when a.series_id is null then t.part is null
                       else p.category = any ((select cut.categories())::text[]) end as measured,
       d.name || coalesce(' · ' || t.part, '') || ': ' || r.name as title
from scoped.alert a
left join public.device d on d.id = a.device_id
left join public.profile p on p.id = d.profile_id
left join public.rule r on r.id = a.rule_id
cross join lateral (select case when a.series_id is null and a.rule_id is not null then alert_part(a.target) end as part) t
cross join lateral (
    select case when a.device_id is null then a.scope && cut.keys()
                else cut.uncut(d.scope, d.organisation, d.code,
                               (select s.metric from public.series s where s.id = a.series_id),
                               coalesce(r.event_kind, a.event_kind, case when a.rule_id is null then '' end))
           end as uncut
) u;
