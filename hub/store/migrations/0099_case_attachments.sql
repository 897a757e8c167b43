-- Pictures and papers of cases: added with a step, by an outside system, or taken over from the alert.
alter table case_step
    drop constraint case_step_kind_check,
    add constraint case_step_kind_check check (kind in (
        'reported', 'accepted', 'rejected', 'self_handled', 'filed', 'dispatched', 'taken', 'returned', 'handled',
        'passed', 'failed', 'closed', 'merged', 'classified', 'commented', 'extension_asked', 'extension_granted',
        'extension_refused', 'suspension_asked', 'suspension_granted', 'suspension_refused', 'suspension_reviewed',
        'resumed', 'supervised', 'answered', 'joined', 'overdue', 'deadlines_known', 'concluded', 'attached'));

create table case_attachment (
    id uuid primary key,
    case_id uuid not null references case_file on delete cascade,
    seq int not null,
    name text not null,
    media_type text not null,
    content bytea not null,
    digest bytea not null,
    of_alert uuid,
    added_at timestamptz not null default clock_timestamp()
);
comment on table case_attachment is 'Pictures and papers of a case';
comment on column case_attachment.seq is 'Of the step that it came with';
comment on column case_attachment.digest is 'SHA-256 of the content as it is kept';
comment on column case_attachment.of_alert is 'The attachment of the alert that it was taken over from; no reference, for alerts are kept for another time';
create index on case_attachment (case_id, seq);
create unique index on case_attachment (case_id, of_alert) where of_alert is not null;
alter table case_attachment alter column content set storage external;  -- pictures do not get smaller

create view scoped.case_attachment as
select f.* from public.case_attachment f where exists (select from scoped.case_file c where c.id = f.case_id);
create view cut.case_attachment as
select f.* from public.case_attachment f
where exists (select from scoped.case_file c where c.id = f.case_id and c.scope && cut.keys());
