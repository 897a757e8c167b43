-- The highest level of data (hub/access/classification.py) that a grant and a share show. L4 is all that is general.
alter table access_grant
    add column ceiling text not null default 'L4' check (ceiling in ('L2', 'L3', 'L4', 'important', 'core'));
alter table data_share
    add column ceiling text not null default 'L4' check (ceiling in ('L2', 'L3', 'L4', 'important', 'core'));
comment on column access_grant.ceiling is 'The highest level of data after GB/T 43697 that is read by it';
comment on column data_share.ceiling is 'The highest level of data after GB/T 43697 that is read by it';

-- `/` is the key of everything: of a grant without limits that has a ceiling. Each device has it.
create or replace function scope_keys(organisation text, region text, area_keys text[]) returns text[]
language sql immutable parallel safe as $$
    select array_remove(array[
        '/', organisation || '/',
        '/' || left(region, 2), '/' || left(region, 4), '/' || left(region, 6), '/' || left(region, 9), '/' || region,
        organisation || '/' || left(region, 2), organisation || '/' || left(region, 4),
        organisation || '/' || left(region, 6), organisation || '/' || left(region, 9), organisation || '/' || region
    ], null) || area_keys
$$;
alter table device disable trigger user;  -- nothing about the devices changes
update device set area_keys = area_keys;
alter table device enable trigger user;
alter table alert disable trigger user;
update alert set area_keys = area_keys where device_id is null;
alter table alert enable trigger user;
alter table silence disable trigger user;
update silence set organisation = organisation;
alter table silence enable trigger user;

-- Whether one of some shares reaches a device, and of it a metric or a kind of event if one is given.
create function scoped.shared_by(p_shares uuid[], p_owner text, p_device text, p_metric text, p_event_kind text)
returns boolean language sql stable parallel safe as $$
    select exists (
        select from public.data_share s
        where s.id = any (p_shares) and s.owner = p_owner
          and (s.devices is null or p_device = any (s.devices))
          and (p_metric is null or s.metrics is null or p_metric = any (s.metrics))
          and (p_event_kind is null or s.event_kinds is null or p_event_kind = any (s.event_kinds)))
$$;
create or replace function scoped.shared(p_owner text, p_device text, p_metric text, p_event_kind text) returns boolean
language sql stable parallel safe as $$
    select scoped.shared_by(scoped.shares(), p_owner, p_device, p_metric, p_event_kind)
$$;

-- For callers with a ceiling below L3 the schema `cut` stands before `scoped`: the same views without what is L3 and
-- above, but of the things that they reach uncut too. Only reading goes through it. A connection without the settings
-- sees nothing, with an error.
create schema cut;
create function cut.keys() returns text[] language sql stable parallel safe as $$
    select current_setting('ganzhi.uncut')::text[]
$$;
create function cut.shares() returns uuid[] language sql stable parallel safe as $$
    select current_setting('ganzhi.uncut_shares')::uuid[]
$$;
-- The categories of profiles whose series are below L3.
create function cut.categories() returns text[] language sql stable parallel safe as $$
    select current_setting('ganzhi.categories')::text[]
$$;
-- Without a subquery, so that it becomes part of each statement: as a call it costs 40 times as much.
create function cut.uncut(p_scope text[], p_owner text, p_device text, p_metric text, p_event_kind text)
returns boolean language sql stable parallel safe as $$
    select p_scope && cut.keys()
        or cut.shares() <> '{}' and scoped.shared_by(cut.shares(), p_owner, p_device, p_metric, p_event_kind)
$$;

create view cut.device as
select d.id, d.code, d.name, d.profile_id, d.parent_id, d.organisation, d.region,
       case when u.uncut then d.lon end as lon, case when u.uncut then d.lat end as lat, d.zone,
       case when u.uncut then d.tags else '{}' end as tags, d.state, d.created_at, d.revision, d.area_keys, d.scope
from scoped.device d
cross join lateral (select cut.uncut(d.scope, d.organisation, d.code, null, null) as uncut) u;

create view cut.catalogue as
select c.id, c.code, c.name, c.profile, c.profile_name, c.category, c.organisation, c.organisation_name, c.region,
       c.region_path, d.lon, d.lat, c.parent, d.tags, c.state, c.online, c.online_since, c.last_seen, c.created_at
from scoped.catalogue c
join cut.device d on d.id = c.id;

-- Readings are reached through their series.
create view cut.series as
select s.* from scoped.series s
where exists (select from public.device d join public.profile p on p.id = d.profile_id
              where d.id = s.device_id
                and (p.category = any ((select cut.categories())::text[])
                     or cut.uncut(d.scope, d.organisation, d.code, s.metric, null)));

create view cut.latest as
select l.* from public.latest l where exists (select from cut.series s where s.id = l.series_id);

create view cut.event as
select e.id, e.device_id, e.ts, e.received_at, e.kind, e.state, e.level,
       case when cut.uncut(d.scope, d.organisation, d.code, null, e.kind) then e.attributes else '{}' end as attributes,
       e.untimed_id
from scoped.event e
join public.device d on d.id = e.device_id;

-- The fields of an alert's picture that are below L3.
create function cut.fields() returns text[] language sql stable parallel safe as $$
    select current_setting('ganzhi.fields')::text[]
$$;

-- What of an alert is seen: all, or at least what was measured, which a title tells too.
create view cut.alert_sight as
select a.id, u.uncut, u.uncut or a.series_id is null or p.category = any ((select cut.categories())::text[]) as measured,
       d.name || ': ' || r.name as title
from scoped.alert a
left join public.device d on d.id = a.device_id
left join public.profile p on p.id = d.profile_id
left join public.rule r on r.id = a.rule_id
cross join lateral (
    select case when a.device_id is null then a.scope && cut.keys()
                else cut.uncut(d.scope, d.organisation, d.code,
                               (select s.metric from public.series s where s.id = a.series_id),
                               coalesce(r.event_kind, a.event_kind, case when a.rule_id is null then '' end))
           end as uncut
) u;

-- Who has it is a name.
create view cut.alert as
select a.id, a.rule_id, a.target, a.device_id, a.series_id, a.region,
       case when v.measured then a.title else v.title end as title, a.level, a.peak_level,
       case when v.measured then a.value end as value, case when v.measured then a.threshold end as threshold,
       a.opened_at, a.cleared_at, a.changed_at, a.raised_at, a.updated_at, a.seq, a.handling, a.state, a.origin,
       a.event_kind, a.category, a.organisation, case when v.uncut then a.lon end as lon,
       case when v.uncut then a.lat end as lat, a.area_keys, a.acknowledged_level,
       case when v.uncut then a.assignee end as assignee, a.cause, a.shelved_until, a.merged_into, a.scope
from scoped.alert a
join cut.alert_sight v on v.id = a.id;

create view cut.alert_change as
select c.cursor, c.id, c.alert_id, c.seq, c.kind, c.at, case when v.uncut then c.actor end as actor,
       case when v.uncut then c.note end as note,
       case when v.uncut then c.picture
            else (select jsonb_object_agg(field, case
                      when field = any (cut.fields()) or v.measured and field in ('value', 'threshold') then value
                  end) from jsonb_each(c.picture) as fields (field, value))
                 || case when v.measured then '{}' else jsonb_build_object('title', v.title) end
       end as picture,
       c.recipients, case when v.uncut then c.principal end as principal
from public.alert_change c
join cut.alert_sight v on v.id = c.alert_id;

create view cut.alert_attachment as
select f.* from public.alert_attachment f
where exists (select from cut.alert_sight v where v.id = f.alert_id and v.uncut);

create view cut.silence as
select s.id, s.device_id, s.region, s.organisation, s.area, s.category, s.event_kind, s.max_level,
       case when s.scope && (select cut.keys()) then s.reason else '' end as reason, s.from_at, s.to_at, s.made_by,
       s.made_at, s.approved_by, s.approved_at, s.ended_by, s.scope
from scoped.silence s;

create view cut.command as
select c.id, c.device_id, c.name, case when u.uncut then c.params else '{}' end as params, c.state,
       case when u.uncut then c.actor else '' end as actor, case when u.uncut then c.key end as key, c.created_at,
       c.expires_at, c.sent_at, c.settled_at, c.replied_at, case when u.uncut then c.reply end as reply, c.late, c.error,
       c.take_until, c.taken_at, c.taken_by, c.epoch
from scoped.command c
join public.device d on d.id = c.device_id
cross join lateral (select cut.uncut(d.scope, d.organisation, d.code, null, null) as uncut) u;

create view cut.maintenance as
select m.id, m.device_id, m.from_at, m.to_at,
       case when cut.uncut(d.scope, d.organisation, d.code, null, null) then m.note else '' end as note, m.created_at
from scoped.maintenance m
join public.device d on d.id = m.device_id;

-- From which the steps of a device are shown.
create view cut.audit as
select a.id, a.at, case when u.uncut then a.actor else '' end as actor, a.action, a.subject,
       case when u.uncut then a.detail
            else jsonb_build_object('from', a.detail -> 'from', 'to', a.detail -> 'to', 'note', '') end as detail,
       case when u.uncut then a.address end as address, a.journal
from public.audit a
cross join lateral (
    select exists (select from public.device d
                   where d.code = a.subject and cut.uncut(d.scope, d.organisation, d.code, null, null)) as uncut
) u;
