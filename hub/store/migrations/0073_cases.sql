-- Cases (案件): what somebody has to see to, from its report (上报) to its close (结案). hub/cases/apply.py alone changes
-- them; hub/cases/transitions.py says how.
create table case_table (
    kind text not null check (kind in ('categories', 'deadlines')),
    version int not null,
    name text not null check (name <> ''),
    zone text check (zone is not null or kind <> 'deadlines'),
    hours jsonb check (hours is not null or kind <> 'deadlines'),
    imported_at timestamptz not null default clock_timestamp(),
    imported_by text not null,
    primary key (kind, version)
);
comment on table case_table is 'Versions of the tables of categories and of deadlines; the newest of each kind is in force';
comment on column case_table.zone is 'Of deadlines: the time zone of their working hours';
comment on column case_table.hours is 'Of deadlines: working hours of a day, a list of [from, before] in minutes';

create table case_category (
    version int not null,
    category_kind text not null check (category_kind in ('part', 'event')),
    code text not null check (code ~ '^[0-9]{2,8}$'),
    parent text,
    name text not null check (name <> ''),
    primary key (version, category_kind, code),
    foreign key (version, category_kind, parent) references case_category
);
comment on table case_category is 'Categories of cases (大类, 小类) in the codes of GB/T 30428, by version of their table';
comment on column case_category.category_kind is 'part (部件) or event (事件): both have codes of their own';
comment on column case_category.parent is 'The category above it; null: a main category (大类)';

create table case_deadline (
    version int not null,
    category_kind text,
    category text,
    level smallint check (level between 1 and 4),
    stage text not null check (stage in ('reported', 'accepted', 'filed', 'dispatched', 'coordinating', 'handling',
                                         'verifying', 'verified', 'case')),
    seconds int not null check (seconds > 0),
    working boolean not null,
    unique nulls not distinct (version, category_kind, category, level, stage)
);
comment on table case_deadline is 'How long a case may be in a stage, by version of the table; what is null is for all';
comment on column case_deadline.stage is 'A stage, or case: from filing (立案) to the end';
comment on column case_deadline.working is 'Whether only the working hours of workdays count';

create sequence case_number_of_day;
create function case_number(reported_at timestamptz) returns text language sql volatile as $$
    select to_char(reported_at at time zone 'Asia/Shanghai', 'YYYYMMDD') || '-'
           || lpad(nextval('public.case_number_of_day')::text, 6, '0')
$$;

-- A case is seen by whom it belongs to, and by those who handle it.
create function case_scope(organisation text, responsible text, assisting text[], region text, area_keys text[])
returns text[] language sql immutable parallel safe as $$
    select array(select distinct key
                 from unnest(array[organisation, responsible] || assisting) as o (code),
                      unnest(public.scope_keys(o.code, region, area_keys)) as key)
$$;

create table case_file (
    id uuid primary key,
    number text not null unique,
    title text not null,
    source text not null check (source in ('entered', 'alert', 'rule', 'outside')),
    category_kind text check (category_kind in ('part', 'event')),
    category text,
    category_version int,
    component text check (component ~ '^[0-9]{16}$'),
    level smallint check (level between 1 and 4),
    region text,
    organisation text references organisation,
    lon double precision,
    lat double precision,
    area_keys text[] not null default '{}',
    alert_id uuid,
    reported_at timestamptz not null,
    reported_by text not null,
    reporters int not null default 1,
    stage text not null check (stage in ('reported', 'accepted', 'filed', 'dispatched', 'coordinating', 'handling',
                                         'verifying', 'verified', 'closed', 'rejected', 'merged')),
    stage_at timestamptz not null,
    stage_by text not null,
    stage_due_at timestamptz,
    seq int not null,
    visits int not null,
    updated_at timestamptz not null,
    responsible text references organisation,
    assisting text[] not null default '{}',
    accepted_at timestamptz,
    filed_at timestamptz,
    dispatched_at timestamptz,
    handled_at timestamptz,
    closed_at timestamptz,
    closed_how text check (closed_how in ('handled', 'self_handled')),
    ended_at timestamptz,
    due_at timestamptz,
    returned int not null default 0,
    reworked int not null default 0,
    extended int not null default 0,
    suspended int not null default 0,
    suspended_at timestamptz,
    review_at timestamptz,
    supervised int not null default 0,
    supervision smallint check (supervision between 1 and 4),
    supervision_due_at timestamptz,
    asked text check (asked in ('extension', 'suspension')),
    asked_by text,
    asked_at timestamptz,
    asked_hours double precision,
    asked_until timestamptz,
    merged_into uuid references case_file,
    scope text[] not null generated always as
        (case_scope(organisation, responsible, assisting, region, area_keys)) stored,
    check ((ended_at is not null) = (stage in ('closed', 'rejected', 'merged'))),
    check ((merged_into is not null) = (stage = 'merged')),
    check (merged_into <> id)
);
comment on table case_file is 'Cases (案件): where each stands, and what is counted of it';
comment on column case_file.number is 'What people call it (案卷号)';
comment on column case_file.source is 'entered by a person, alert (of one, by a person), rule (of an alert), outside (another system)';
comment on column case_file.category_version is 'Of the table of categories that the code is of';
comment on column case_file.component is 'Code of the component (部件) that it is about';
comment on column case_file.alert_id is 'The alert it came of; no reference, for alerts are kept for another time';
comment on column case_file.organisation is 'Whose matter it is';
comment on column case_file.responsible is 'The organisation that handles it (主办); the last one after a return';
comment on column case_file.assisting is 'Organisations that help (协办)';
comment on column case_file.reporters is 'Reports of it: one, and those of the cases that were merged into it';
comment on column case_file.stage_by is 'Who brought it into its stage, as the audit names them';
comment on column case_file.stage_due_at is 'Deadline of its stage; null: none, it stands still, or a calendar is missing';
comment on column case_file.visits is 'How many clocks it had';
comment on column case_file.closed_how is 'handled, or self_handled (自行处置)';
comment on column case_file.ended_at is 'When it was closed, rejected or merged';
comment on column case_file.due_at is 'Deadline of the whole case, from its filing (立案); of one that has ended as it was';
comment on column case_file.returned is 'How often it was returned (退回)';
comment on column case_file.reworked is 'How often it failed verification (返工)';
comment on column case_file.extended is 'How often its time was extended (延期)';
comment on column case_file.suspended is 'How often it was suspended (挂账, 缓办)';
comment on column case_file.review_at is 'When its suspension is looked at again';
comment on column case_file.supervised is 'How often it was supervised (督办)';
comment on column case_file.supervision is 'Level of a supervision that waits for its answer';
comment on column case_file.asked is 'What waits for the decision of another person';
comment on column case_file.merged_into is 'The case in which it goes on';
comment on column case_file.scope is 'As device.scope: who may see it';

create index case_file_newest on case_file (reported_at desc, id desc);
create index case_file_stage on case_file (stage, reported_at desc, id desc);
create index case_file_category on case_file (category_kind, category text_pattern_ops, reported_at desc);
create index case_file_region on case_file (region text_pattern_ops, reported_at desc);
create index case_file_organisation on case_file (organisation, reported_at desc, id desc);
create index case_file_responsible on case_file (responsible, reported_at desc, id desc);
create index case_file_closed on case_file (closed_at) where closed_at is not null;
create index case_file_open on case_file (reported_at desc, id desc) where ended_at is null;
create index case_file_due on case_file (due_at);
create unique index case_file_alert on case_file (alert_id)
    where alert_id is not null and stage not in ('closed', 'rejected', 'merged');
create unique index case_file_rule on case_file (alert_id) where source = 'rule';
create index case_file_merged on case_file (merged_into) where merged_into is not null;
create index case_file_scope on case_file using gin (scope);

create table case_step (
    cursor bigint generated always as identity primary key,
    id uuid not null unique,
    case_id uuid not null references case_file on delete cascade,
    seq int not null,
    at timestamptz not null,
    kind text not null check (kind in (
        'reported', 'accepted', 'rejected', 'self_handled', 'filed', 'dispatched', 'taken', 'returned', 'handled',
        'passed', 'failed', 'closed', 'merged', 'classified', 'commented', 'extension_asked', 'extension_granted',
        'extension_refused', 'suspension_asked', 'suspension_granted', 'suspension_refused', 'suspension_reviewed',
        'resumed', 'supervised', 'answered', 'joined', 'overdue', 'deadlines_known', 'concluded')),
    stage_from text,
    stage_to text not null,
    actor text not null,
    principal uuid,  -- as the actor of the audit: no reference
    organisation text,
    note text,
    detail jsonb not null,
    unique (case_id, seq)
);
comment on table case_step is 'Each step of a case, in order; rows are never changed';
comment on column case_step.id is 'Given by whoever takes it: taken again with the same, a step changes nothing';
comment on column case_step.organisation is 'That its person belonged to then';
comment on column case_step.detail is 'What the kind of step records beside its note';

create table case_clock (
    case_id uuid not null references case_file on delete cascade,
    visit int not null,
    stage text not null,
    entered_at timestamptz not null,
    running_from timestamptz,
    counted_s double precision,
    limit_s double precision,
    extended_s double precision not null default 0,
    working boolean not null,
    due_at timestamptz,
    stopped_s double precision not null default 0,
    stopped_at timestamptz,
    left_at timestamptz,
    working_s double precision,
    deadlines_version int,
    overdue_at timestamptz,
    alert_id uuid,
    primary key (case_id, visit)
);
comment on table case_clock is 'The time of each visit of a case to a stage; of the whole case (case), of a supervision and of the review of a suspension';
comment on column case_clock.visit is 'From 1, in the order in which the clocks of a case began';
comment on column case_clock.running_from is 'Null: it stands still, or is over';
comment on column case_clock.counted_s is 'Seconds before that, in its own time; null: a year without a calendar was among them';
comment on column case_clock.limit_s is 'Null: no deadline, or one that somebody set';
comment on column case_clock.working is 'Whether working time counts';
comment on column case_clock.due_at is 'Null while it stands still; with a limit also while the calendar of a year is missing';
comment on column case_clock.working_s is 'When it is over: what it took in its own time, without stops';
comment on column case_clock.overdue_at is 'When the hub warned that it has run out';
comment on column case_clock.alert_id is 'The alert by which it did; no reference, for alerts are kept for another time';
create index case_clock_due on case_clock (due_at) where left_at is null and overdue_at is null;
create index case_clock_unknown on case_clock (case_id, visit)
    where left_at is null and due_at is null and limit_s is not null and running_from is not null;
create index case_clock_alert on case_clock (alert_id) where alert_id is not null;
create index alert_case_overdue on alert (id) where event_kind = 'case_overdue' and cleared_at is null;

create view scoped.case_file as
select c.* from public.case_file c where c.scope && (select scoped.granted_whole()) with local check option;
create view scoped.case_step as
select s.* from public.case_step s where exists (select from scoped.case_file c where c.id = s.case_id);
create view scoped.case_clock as
select k.* from public.case_clock k where exists (select from scoped.case_file c where c.id = k.case_id);

-- Where exactly it is, and what people wrote and who they are, is L3.
create view cut.case_file as
select c.id, c.number, case when u.uncut then c.title else '' end as title, c.source, c.category_kind, c.category,
       c.category_version, case when u.uncut then c.component end as component, c.level, c.region, c.organisation,
       case when u.uncut then c.lon end as lon, case when u.uncut then c.lat end as lat, c.area_keys, c.alert_id,
       c.reported_at, case when u.uncut then c.reported_by else '' end as reported_by, c.reporters, c.stage, c.stage_at,
       case when u.uncut then c.stage_by else '' end as stage_by, c.stage_due_at, c.seq, c.visits, c.updated_at,
       c.responsible, c.assisting, c.accepted_at, c.filed_at, c.dispatched_at, c.handled_at, c.closed_at, c.closed_how,
       c.ended_at, c.due_at, c.returned, c.reworked, c.extended, c.suspended, c.suspended_at, c.review_at, c.supervised,
       c.supervision, c.supervision_due_at, c.asked, case when u.uncut then c.asked_by end as asked_by, c.asked_at,
       c.asked_hours, c.asked_until, c.merged_into, c.scope
from scoped.case_file c
cross join lateral (select c.scope && cut.keys() as uncut) u;

create view cut.case_step as
select s.cursor, s.id, s.case_id, s.seq, s.at, s.kind, s.stage_from, s.stage_to,
       case when u.uncut then s.actor else '' end as actor, case when u.uncut then s.principal end as principal,
       s.organisation, case when u.uncut then s.note end as note,
       case when u.uncut then s.detail else '{}' end as detail
from public.case_step s
join scoped.case_file c on c.id = s.case_id
cross join lateral (select c.scope && cut.keys() as uncut) u;
