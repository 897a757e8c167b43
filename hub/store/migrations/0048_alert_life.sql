-- An alert is raised by a rule, by a person who was told of something, or by the hub about itself; the last two need no
-- device, and belong where they are said to. Handling records who has it, why it was false, and what it became part of.
alter table alert
    alter column rule_id drop not null,
    alter column device_id drop not null,
    add column origin text not null default 'rule' check (origin in ('rule', 'manual', 'hub')),
    add column event_kind text,
    add column category text,
    add column organisation text references organisation,
    add column lon double precision,
    add column lat double precision,
    add column area_keys text[] not null default '{}',
    add column acknowledged_level smallint check (acknowledged_level between 1 and 4),
    add column assignee uuid references principal,
    add column cause text,
    add column shelved_until timestamptz,
    add column merged_into uuid references alert on delete set null,
    add column scope text[] generated always as
        (case when device_id is null then scope_keys(organisation, region, area_keys) end) stored,
    add constraint alert_of_a_rule check (origin <> 'rule' or (rule_id is not null and device_id is not null));
comment on column alert.origin is 'rule, manual (a person reported it) or hub (about the hub itself)';
comment on column alert.event_kind is 'of an alert that no rule raised';
comment on column alert.category is 'of an alert without a device, as category of a profile';
comment on column alert.organisation is 'of an alert without a device';
comment on column alert.area_keys is 'of an alert without a device, as device.area_keys';
comment on column alert.acknowledged_level is 'its level when it was acknowledged; a rise beyond it makes it open again';
comment on column alert.assignee is 'who is to see to it';
comment on column alert.cause is 'why it was a false alarm';
comment on column alert.shelved_until is 'out of the list of what is to be done until then';
comment on column alert.merged_into is 'the alert in which it goes on';
comment on column alert.scope is 'of an alert without a device, as device.scope';

create unique index alert_of_the_hub on alert (target)
    where rule_id is null and cleared_at is null and handling not in ('closed', 'false_alarm', 'merged');
create index alert_shelved on alert (shelved_until) where shelved_until is not null;
create index on alert (merged_into) where merged_into is not null;
create index on alert (assignee) where assignee is not null;
create index on alert using gin (scope) where device_id is null;

alter table alert_change
    add column principal uuid,  -- as the actor of the audit: no reference
    drop constraint alert_change_kind,
    add constraint alert_change_kind check (kind in
        ('raised', 'updated', 'cleared', 'acknowledged', 'dispatched', 'handled', 'verified', 'closed', 'false_alarm',
         'merged', 'reopened', 'commented', 'attached', 'assigned', 'shelved', 'unshelved'));
comment on column alert_change.principal is 'the account or key by which it was made';

create table alert_attachment (
    id uuid primary key,
    alert_id uuid not null references alert on delete cascade,
    change_id uuid not null,
    name text not null,
    media_type text not null,
    content bytea not null,
    added_at timestamptz not null default now()
);
comment on table alert_attachment is 'Pictures and papers that people added to an alert';
create index on alert_attachment (alert_id, added_at);
alter table alert_attachment alter column content set storage external;  -- pictures do not get smaller

create or replace view scoped.alert as
select a.* from public.alert a
where exists (select from public.device d
              where d.id = a.device_id and d.scope && (select scoped.granted())
                and (d.scope && (select scoped.granted_whole())
                     or scoped.shared(d.organisation, d.code,
                                      (select s.metric from public.series s where s.id = a.series_id),
                                      (select r.event_kind from public.rule r where r.id = a.rule_id))))
   or (a.device_id is null and a.scope && (select scoped.granted_whole()))
with local check option;

create or replace view scoped.alert_change as
select c.* from public.alert_change c where exists (select from scoped.alert a where a.id = c.alert_id);

create view scoped.alert_attachment as
select f.* from public.alert_attachment f where exists (select from scoped.alert a where a.id = f.alert_id);
