-- What was acknowledged before the level was kept, was at the level that the alert had.
update alert set acknowledged_level = level where handling = 'acknowledged' and acknowledged_level is null;

-- A share of kinds of events reaches what a person reported by the kind that it was reported with.
create or replace view scoped.alert as
select a.* from public.alert a
where exists (select from public.device d
              where d.id = a.device_id and d.scope && (select scoped.granted())
                and (d.scope && (select scoped.granted_whole())
                     or scoped.shared(d.organisation, d.code,
                                      (select s.metric from public.series s where s.id = a.series_id),
                                      coalesce((select r.event_kind from public.rule r where r.id = a.rule_id),
                                               a.event_kind, case when a.rule_id is null then '' end))))
   or (a.device_id is null and a.scope && (select scoped.granted_whole()))
with local check option;
