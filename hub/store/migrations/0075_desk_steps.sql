-- What a desk does with an alarm (处警): checks it, hands it over to 119, 110 or 120, and hears back. Causes are data.
create table alert_cause (
    code text primary key check (code ~ '^[a-z][a-z0-9_]{0,62}$'),
    result text not null check (result in ('real', 'false_alarm', 'test')),
    name_en text not null,
    name_zh text not null,
    in_use boolean not null default true
);
comment on table alert_cause is 'Why an alert was real, false, or a test';
comment on column alert_cause.result is 'With which result of a check it goes';
comment on column alert_cause.in_use is 'Whether it is offered; one that was given stays';
insert into alert_cause (code, result, name_en, name_zh) values
    ('electrical', 'real', 'electrical fault', '电气故障'),
    ('open_fire', 'real', 'open fire', '明火'),
    ('gas', 'real', 'gas leak', '燃气泄漏'),
    ('water', 'real', 'water or flood', '积水、内涝'),
    ('damage', 'real', 'damage', '损坏'),
    ('incident', 'real', 'another incident', '其他险情'),
    ('equipment_fault', 'false_alarm', 'fault of the equipment', '设备故障'),
    ('environment', 'false_alarm', 'dust, steam, insects, weather', '环境干扰（灰尘、水汽、昆虫、天气）'),
    ('works', 'false_alarm', 'works', '施工作业'),
    ('cooking', 'false_alarm', 'cooking or smoking', '炊事、吸烟'),
    ('misuse', 'false_alarm', 'pressed by mistake', '误操作'),
    ('malicious', 'false_alarm', 'malicious', '恶意触发'),
    ('other', 'false_alarm', 'other', '其他'),
    ('unspecified', 'false_alarm', 'not said', '未说明'),
    ('test', 'test', 'test or maintenance', '测试、维保');

alter table alert add column check_result text check (check_result in ('real', 'false_alarm', 'test'));
comment on column alert.check_result is 'What a person found it to be; null: nobody has checked';

alter table alert_change
    add column details jsonb,
    drop constraint alert_change_kind,
    add constraint alert_change_kind check (kind in
        ('raised', 'updated', 'cleared', 'acknowledged', 'dispatched', 'handled', 'verified', 'closed', 'false_alarm',
         'merged', 'reopened', 'commented', 'attached', 'assigned', 'shelved', 'unshelved', 'escalated', 'checked',
         'transferred', 'arrived', 'reported_back'));
comment on column alert_change.details is 'Of a step of the desk: how it was checked and with what result, who it was handed to, when';

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

create or replace view cut.alert as
select a.id, a.rule_id, a.target, a.device_id, a.series_id, a.region,
       case when v.measured then a.title
            else case when a.drill_id is null then '' else '[DRILL] ' end || v.title end as title, a.level, a.peak_level,
       case when v.measured then a.value end as value, case when v.measured then a.threshold end as threshold,
       a.opened_at, a.cleared_at, a.changed_at, a.raised_at, a.updated_at, a.seq, a.handling, a.state, a.origin,
       a.event_kind, a.category, a.organisation, case when v.uncut then a.lon end as lon,
       case when v.uncut then a.lat end as lat, a.area_keys, a.acknowledged_level,
       case when v.uncut then a.assignee end as assignee, a.cause, a.shelved_until, a.merged_into, a.scope, a.drill_id,
       a.check_result
from scoped.alert a
join cut.alert_sight v on v.id = a.id;

create or replace view scoped.alert_change as
select c.* from public.alert_change c where exists (select from scoped.alert a where a.id = c.alert_id);

create or replace view cut.alert_change as
select c.cursor, c.id, c.alert_id, c.seq, c.kind, c.at, case when v.uncut then c.actor end as actor,
       case when v.uncut then c.note end as note,
       case when v.uncut then c.picture
            else (select jsonb_object_agg(field, case
                      when field = any (cut.fields()) or v.measured and field in ('value', 'threshold') then value
                  end) from jsonb_each(c.picture) as fields (field, value))
                 || case when v.measured then '{}'
                         else jsonb_build_object('title', case when c.picture ->> 'drill' = 'true' then '[DRILL] '
                                                               else '' end || v.title) end
       end as picture,
       c.recipients, case when v.uncut then c.principal end as principal,
       case when v.uncut then c.note_words end as note_words, c.grouped,
       case when v.uncut then c.details end as details
from public.alert_change c
join cut.alert_sight v on v.id = c.alert_id;
