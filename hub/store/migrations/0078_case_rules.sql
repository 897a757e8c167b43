-- Which alerts become cases by themselves (hub/cases/from_alerts.py).
create table case_rule (
    code text primary key check (code ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
    min_level smallint not null check (min_level between 1 and 4),
    region text,
    area text references area (code) on delete cascade,
    organisation text,
    category text,
    event_kind text,
    case_category_kind text check (case_category_kind in ('part', 'event')),
    case_category text,
    enabled boolean not null default true,
    made_at timestamptz not null default clock_timestamp()
);
comment on table case_rule is 'Which alerts become cases by themselves, each once: of several rules the first by code';
comment on column case_rule.category is 'Of the device''s profile, such as fire';
comment on column case_rule.case_category is 'Of the case that is made, with its kind';
comment on column case_rule.made_at is 'Alerts that were raised before do not become cases by it';
create index on case_rule (area) where area is not null;

create table case_rule_position (
    one boolean primary key default true check (one),
    cursor bigint not null
);
comment on table case_rule_position is 'The last change of an alert that the rules have seen';
insert into case_rule_position (cursor) select coalesce(max(cursor), 0) from alert_change;
