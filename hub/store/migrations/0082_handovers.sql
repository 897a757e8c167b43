-- Shifts are handed over (交接班): a snapshot of what is open, confirmed by two people. What is in it is kept as it was.
alter table rota add column handover_minutes smallint check (handover_minutes between 5 and 720);
comment on column rota.handover_minutes is 'How long those of a shift stay on duty after it while nobody has taken over; null: shifts change by the clock';
create or replace view scoped.rota as
select r.* from public.rota r where r.scope && (select scoped.granted_whole()) with local check option;

create table handover (
    id uuid primary key,
    rota text not null,  -- no reference: it outlives the rota
    rota_name text not null,
    organisation text not null,
    region text,
    zone text not null,
    shift text,
    begins_at timestamptz not null,
    change_at timestamptz not null,
    outgoing uuid[] not null,
    incoming uuid[] not null,
    leader uuid,
    substitutes jsonb not null,
    made_at timestamptz not null default statement_timestamp(),
    made_by uuid not null,
    note text,
    cursor bigint,
    withdrawn_at timestamptz,
    taken_at timestamptz,
    taken_by uuid,
    taken_note text,
    scope text[] not null generated always as (scope_keys(organisation, region, '{}')) stored,
    constraint handover_of_two check (taken_by <> made_by),
    check ((taken_at is null) = (taken_by is null)),
    check (taken_at is null or withdrawn_at is null)
);
comment on table handover is 'What a shift handed over to the next, and who has taken it over';
comment on column handover.begins_at is 'Since when the shift was on duty';
comment on column handover.change_at is 'When its people were to go off duty by the rota';
comment on column handover.outgoing is 'Who was on duty until then';
comment on column handover.incoming is 'Who is on duty from then on';
comment on column handover.leader is 'Who led them';
comment on column handover.substitutes is 'Who stood in for whom then: a list of {instead_of, person}';
comment on column handover.made_at is 'When its items were true, all at one moment';
comment on column handover.cursor is 'The newest change of an alert that is in it';
comment on column handover.withdrawn_at is 'When it was made anew before anybody took over';
create unique index handover_open on handover (rota, change_at) where taken_at is null and withdrawn_at is null;
create unique index handover_taken on handover (rota, change_at) where taken_at is not null;
create index on handover (made_at);

create table handover_item (
    handover_id uuid not null references handover on delete cascade,
    n int not null,
    kind text not null check (kind in ('alert', 'case', 'channel', 'offline', 'maintenance', 'test', 'silence')),
    alert_id uuid,
    case_id uuid,
    device_id int,
    silence_id uuid,
    facts jsonb not null,
    primary key (handover_id, n)
);
comment on table handover_item is 'What was open, kept back, degraded or unguarded when a shift was handed over';
comment on column handover_item.facts is 'What it was like then';

create view scoped.handover as
select h.* from public.handover h where h.scope && (select scoped.granted_whole()) with local check option;
-- The one who hands over may see more than the one who reads.
create view scoped.handover_item as
select i.* from public.handover_item i
where exists (select from scoped.handover h where h.id = i.handover_id)
  and (i.alert_id is null or exists (select from scoped.alert a where a.id = i.alert_id))
  and (i.case_id is null or exists (select from scoped.case_file c where c.id = i.case_id))
  and (i.device_id is null
       or exists (select from public.device d where d.id = i.device_id and d.scope && (select scoped.granted_whole())))
  and (i.silence_id is null or exists (select from scoped.silence s where s.id = i.silence_id));
create view cut.handover as
select h.id, h.rota, h.rota_name, h.organisation, h.region, h.zone, h.shift, h.begins_at, h.change_at, h.outgoing, h.incoming,
       h.leader, h.substitutes, h.made_at, h.made_by, null::text as note, h.cursor, h.withdrawn_at, h.taken_at, h.taken_by,
       null::text as taken_note, h.scope
from scoped.handover h;
create view cut.handover_item as
select i.* from scoped.handover_item i
where exists (select from cut.alert_sight v where v.id = i.alert_id and v.uncut);

-- The log of a shift is read by time.
create index alert_change_at on alert_change using brin (at);
