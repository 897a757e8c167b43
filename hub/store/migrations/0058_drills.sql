-- A drill is an exercise (演练), which raises the alerts of a scenario, or a test of devices (月检, 联动测试), whose own
-- alerts are its proof. What it raises goes to the consumers that it was made for, and to nobody else.
create table drill (
    id uuid primary key,
    kind text not null check (kind in ('exercise', 'proof_test')),
    name text not null,
    consumers int[] not null,
    begins_at timestamptz not null,
    ends_at timestamptz not null,
    over_at timestamptz,
    made_by text not null,
    made_at timestamptz not null default clock_timestamp(),
    ended_by text,
    check (begins_at < ends_at and ends_at <= begins_at + interval '24 hours')
);
comment on table drill is 'Exercises and tests of devices: when, by whom, and which consumers are told';
comment on column drill.name is 'What it is called; of a test of devices the reason';
comment on column drill.consumers is 'Ids; one that was deleted gets nothing';
comment on column drill.ends_at is 'Nothing is raised for it from then on; moved when somebody ends it before';
comment on column drill.over_at is 'When its alerts were closed, and what lasted was told as real';
comment on column drill.ended_by is 'Who ended it before its time';
create index on drill (ends_at) where over_at is null;
create index on drill (made_at, id);

create table drill_alert (
    drill_id uuid not null references drill on delete cascade,
    number int not null,
    alert_id uuid not null,
    due_at timestamptz not null,
    raised_at timestamptz,
    device_id int references device,
    region text,
    organisation text references organisation,
    category text,
    event_kind text,
    lon double precision,
    lat double precision,
    level smallint not null check (level between 1 and 4),
    title text not null,
    scope text[] generated always as
        (case when device_id is null then scope_keys(organisation, region, '{}') end) stored,
    primary key (drill_id, number)
);
comment on table drill_alert is 'What an exercise raises, and when';
comment on column drill_alert.scope is 'of one without a device, as device.scope: who may see it';
create index on drill_alert (due_at) where raised_at is null;

create table drill_device (
    drill_id uuid not null references drill on delete cascade,
    device_id int not null references device,
    over boolean not null default false,
    primary key (drill_id, device_id)
);
comment on table drill_device is 'Which devices a test is about; a device is in one test at a time';
create unique index drill_device_tested on drill_device (device_id) where not over;

create table proof_test (
    alert_id uuid primary key,
    drill_id uuid not null references drill,
    device_id int not null references device,
    event_kind text,
    metric text,
    at timestamptz not null,
    accepted_at timestamptz not null default clock_timestamp(),
    real_at timestamptz
);
comment on table proof_test is 'Alerts that devices raised while they were tested: that they work';
comment on column proof_test.at is 'when it happened, by the device''s clock';
comment on column proof_test.accepted_at is 'when the hub raised the alert';
comment on column proof_test.real_at is 'when it was told as real, because it lasted when the test was over';
create index on proof_test (drill_id);
create index on proof_test (device_id, at desc);

alter table alert add column drill_id uuid references drill;
comment on column alert.drill_id is 'Of which drill it is; null: it is real';
create index on alert (drill_id) where drill_id is not null;

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

create view scoped.drill_device as
select m.* from public.drill_device m
where exists (select from public.device d where d.id = m.device_id and d.scope && (select scoped.granted_whole()))
with local check option;

create view scoped.drill_alert as
select l.* from public.drill_alert l
where exists (select from public.device d where d.id = l.device_id and d.scope && (select scoped.granted_whole()))
   or (l.device_id is null and l.scope && (select scoped.granted_whole()))
with local check option;

create view scoped.proof_test as
select p.* from public.proof_test p
where exists (select from public.device d where d.id = p.device_id and d.scope && (select scoped.granted_whole()));

-- Who sees something of what it is about.
create view scoped.drill as
select t.* from public.drill t
where exists (select from scoped.drill_device m where m.drill_id = t.id)
   or exists (select from scoped.drill_alert l where l.drill_id = t.id);

-- Also a title that is made without what was measured says that it is of a drill.
create or replace view cut.alert as
select a.id, a.rule_id, a.target, a.device_id, a.series_id, a.region,
       case when v.measured then a.title
            else case when a.drill_id is null then '' else '[DRILL] ' end || v.title end as title, a.level, a.peak_level,
       case when v.measured then a.value end as value, case when v.measured then a.threshold end as threshold,
       a.opened_at, a.cleared_at, a.changed_at, a.raised_at, a.updated_at, a.seq, a.handling, a.state, a.origin,
       a.event_kind, a.category, a.organisation, case when v.uncut then a.lon end as lon,
       case when v.uncut then a.lat end as lat, a.area_keys, a.acknowledged_level,
       case when v.uncut then a.assignee end as assignee, a.cause, a.shelved_until, a.merged_into, a.scope, a.drill_id
from scoped.alert a
join cut.alert_sight v on v.id = a.id;

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
       c.recipients, case when v.uncut then c.principal end as principal
from public.alert_change c
join cut.alert_sight v on v.id = c.alert_id;

create view cut.drill_alert as
select l.drill_id, l.number, l.alert_id, l.due_at, l.raised_at, l.device_id, l.region, l.organisation, l.category,
       l.event_kind, case when u.uncut then l.lon end as lon, case when u.uncut then l.lat end as lat, l.level,
       l.title, l.scope
from scoped.drill_alert l
left join public.device d on d.id = l.device_id
cross join lateral (
    select case when l.device_id is null then l.scope && cut.keys()
                else cut.uncut(d.scope, d.organisation, d.code, null, coalesce(l.event_kind, '')) end as uncut
) u;
