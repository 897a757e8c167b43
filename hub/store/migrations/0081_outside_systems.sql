-- Outside case systems (一网统管, 数字城管, 12345): what they call a case, and what they say that does not fit what is
-- known here.
create table outside_system (
    code text primary key,
    name text not null check (name <> ''),
    secret text not null,
    organisation text references organisation,
    responsible text references organisation,
    states jsonb not null,
    categories jsonb not null,
    enabled boolean not null
);
comment on table outside_system is 'Case systems of others that tell the hub how their cases go on';
comment on column outside_system.secret is 'With which it signs its posts (Standard Webhooks); sealed';
comment on column outside_system.organisation is 'Whose cases it reports, and whose it may name; null: all';
comment on column outside_system.responsible is 'Who handles what it says is dispatched';
comment on column outside_system.states is 'By its word for a state: a stage, or the step returned or failed';
comment on column outside_system.categories is 'By its code of a category: {kind, code}';

create table outside_case (
    system text not null references outside_system on delete cascade,
    outside_id text not null,
    case_id uuid not null references case_file on delete cascade,
    told_at timestamptz,
    told text[] not null default '{}',
    primary key (system, outside_id),
    unique (case_id, system)
);
comment on table outside_case is 'What a case is called in an outside system';
comment on column outside_case.told_at is 'The time of the newest state that it has told; null: none yet';
comment on column outside_case.told is 'The states that it has told of that time';

create table outside_conflict (
    id uuid primary key,
    system text not null references outside_system on delete cascade,
    case_id uuid not null references case_file on delete cascade,
    state text not null,
    target text not null,
    stage text not null,
    state_at timestamptz not null,
    note text,
    reason text not null,
    reason_words jsonb,
    times int not null default 1,
    found_at timestamptz not null default clock_timestamp(),
    told_at timestamptz not null default clock_timestamp(),
    resolved_at timestamptz,
    resolved_by text,
    resolved_as text check (resolved_as in ('theirs', 'ours')),
    resolution text,
    check ((resolved_at is not null) = (resolved_as is not null))
);
comment on table outside_conflict is 'What an outside system says of a case that does not fit: a person decides';
comment on column outside_conflict.id is 'Of the post that told it first';
comment on column outside_conflict.state is 'In its own word';
comment on column outside_conflict.target is 'The stage, or step, that the word stands for';
comment on column outside_conflict.stage is 'In which the case was here';
comment on column outside_conflict.reason is 'Why it does not fit';
comment on column outside_conflict.reason_words is 'What the reason was made of, to tell it in another language';
comment on column outside_conflict.times is 'How often it was told while it was open';
create unique index outside_conflict_open on outside_conflict (case_id, system, state) where resolved_at is null;
create index outside_conflict_newest on outside_conflict (found_at desc, id);

create view scoped.outside_case as
select o.* from public.outside_case o where exists (select from scoped.case_file c where c.id = o.case_id);
create view scoped.outside_conflict as
select o.* from public.outside_conflict o where exists (select from scoped.case_file c where c.id = o.case_id);
create view cut.outside_conflict as
select o.id, o.system, o.case_id, o.state, o.target, o.stage, o.state_at, case when u.uncut then o.note end as note,
       o.reason, o.reason_words, o.times, o.found_at, o.told_at, o.resolved_at,
       case when u.uncut then o.resolved_by end as resolved_by, o.resolved_as,
       case when u.uncut then o.resolution end as resolution
from public.outside_conflict o
join scoped.case_file c on c.id = o.case_id
cross join lateral (select c.scope && cut.keys() as uncut) u;

create or replace function only_sealed() returns void
language sql security definer set search_path = public, pg_temp as $$
    insert into sealed_only (one)
    select true
    where not exists (
        select from consumer, unnest(array[secret, login, query, receipt_secret]) as stored
        where not stored ^@ 'sealed 1 ')
      and not exists (select from outside_system where not secret ^@ 'sealed 1 ')
      and not exists (
        select from account, unnest(array[totp_secret, totp_pending]) as stored where not stored ^@ 'sealed 1 ')
    on conflict do nothing
$$;
