-- Each change of a rule is a version of it, and an alert names the version that raised it.
alter table rule
    add column version int not null default 1,
    -- As the audit names them (hub/access/caller.py); null: it was changed in the database.
    add column changed_by text;

create table rule_version (
    rule_id int not null references rule on delete cascade,
    version int not null,
    at timestamptz not null default clock_timestamp(),
    changed_by text,
    body jsonb not null,
    primary key (rule_id, version)
);
comment on table rule_version is 'Every version of a rule';
comment on column rule_version.changed_by is 'Who made it; null: it was made in the database, or before versions were kept';

-- What a version keeps: all that decides.
create function rule_body(r rule) returns jsonb language sql stable as $$
    select to_jsonb(r) - '{id,code,revision,version,changed_by}'::text[]
$$;

create function rise_rule_version() returns trigger language plpgsql as $$
begin
    new.version := old.version + (rule_body(new) is distinct from rule_body(old))::int;
    return new;
end $$;
create trigger rise_version before update on rule for each row execute function rise_rule_version();

create function keep_rule_version() returns trigger language plpgsql as $$
begin
    insert into rule_version (rule_id, version, changed_by, body)
    values (new.id, new.version, new.changed_by, rule_body(new))
    on conflict do nothing;
    return null;
end $$;
create trigger keep_version after insert or update on rule for each row execute function keep_rule_version();

insert into rule_version (rule_id, version, body) select r.id, r.version, rule_body(r) from rule r;

alter table alert add column rule_version int;
comment on column alert.rule_version is 'The version of its rule that raised it; null: no rule did, or before versions were kept';

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
       a.check_result, a.rule_version
from scoped.alert a
join cut.alert_sight v on v.id = a.id;
