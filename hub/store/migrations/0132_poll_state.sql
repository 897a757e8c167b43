-- How devices that are polled answer: for `hub check`, and for their diagnosis.

create table poll_state (
    device_id int primary key references device on delete cascade,
    line_id int references device on delete cascade,
    address text not null,
    connected_at timestamptz,
    ended_at timestamptz,
    asked bigint not null default 0,
    answered bigint not null default 0,
    complaints jsonb not null default '{}',
    complaint text,
    silent_since timestamptz,
    exception int,
    registers text,
    changed_at timestamptz not null default clock_timestamp()
) with (fillfactor = 70);
create index on poll_state (line_id);

comment on table poll_state is 'Of each DTU and each slave on its line: how it answers, since its line connected';
comment on column poll_state.line_id is 'The DTU; of a DTU itself: its own id';
comment on column poll_state.address is 'On the line; of a DTU: where it connects from';
comment on column poll_state.complaints is 'How often a try failed, by what was wrong: silent, checksum, slave, function, length, cut, noise';
comment on column poll_state.complaint is 'What was wrong with the last try, while it does not answer';
comment on column poll_state.silent_since is 'Since when it does not answer; null: it does';
comment on column poll_state.exception is 'The code with which it refuses registers; null: it refuses none';
comment on column poll_state.registers is 'Which ones, as function:first-last';

create view scoped.poll_state as
select p.* from public.poll_state p where exists (select from scoped.device d where d.id = p.device_id);
