-- Files that edges hand over across data diodes (网闸): which numbers are stored, which are missing, what was set aside.
create table diode_chain (
    edge text not null,
    chain text not null,
    first_at timestamptz not null default clock_timestamp(),
    highest bigint not null default 0,
    complete bigint not null default 0,
    kept_from bigint not null default 1,
    heard_at timestamptz,
    back_at timestamptz,
    arrived_at timestamptz,
    written_at timestamptz,
    clock text not null default 'unknown' check (clock in ('right', 'unsure', 'unknown')),
    moved_s float8 not null default 0,
    files bigint not null default 0,
    messages bigint not null default 0,
    again bigint not null default 0,
    given_up bigint not null default 0,
    primary key (edge, chain)
);
comment on table diode_chain is 'How far the numbers of each edge behind a data diode have come';
comment on column diode_chain.chain is 'An edge that has lost its archive begins another one, at number 1';
comment on column diode_chain.complete is 'Up to this number each is stored, or given up';
comment on column diode_chain.kept_from is 'The lowest number that the edge still had when it wrote the newest';
comment on column diode_chain.heard_at is 'Up to when the edge had heard everything, of what is here';
comment on column diode_chain.back_at is 'When something of it came again after a long silence';
comment on column diode_chain.written_at is 'By the clock of the edge';
comment on column diode_chain.moved_s is 'By how much the times of its newest file were moved, for its clock cannot be right';
comment on column diode_chain.again is 'Files that came again';
comment on column diode_chain.given_up is 'Numbers that somebody has given up';

create table diode_file (
    edge text not null,
    chain text not null,
    number bigint not null check (number > 0),
    digest bytea not null,
    previous bytea not null,
    messages int not null,
    written_at timestamptz not null,
    taken_at timestamptz not null default clock_timestamp(),
    moved_us bigint not null,
    heard_at timestamptz,
    stored_at timestamptz,
    primary key (edge, chain, number),
    foreign key (edge, chain) references diode_chain
);
comment on table diode_file is 'Files of edges: a number is stored once, whatever comes again';
comment on column diode_file.digest is 'Of what was signed: the same number with another one is another content';
comment on column diode_file.taken_at is 'When it was read first; its events count as received then';
comment on column diode_file.heard_at is 'Up to when its edge had heard everything; null: it did not hear';
comment on column diode_file.stored_at is 'When all of it was committed; null: it was not, or nobody knows, and it is put through the hub again';
create index on diode_file (taken_at);

create table diode_aside (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    file text not null,
    reason text not null,
    detail text not null default '',
    edge text,
    chain text,
    number bigint
);
comment on table diode_aside is 'Files that were set aside, and why; edge, chain and number as they claim them';

create table diode_sender (
    device_id int primary key references device on delete cascade,
    edge text not null
);
comment on table diode_sender is 'Through which edge a device was heard last: its silence counts only as far as that edge is heard';

create view diode_gap as
select h.edge, h.chain, h.before + 1 as from_number, h.number - 1 as to_number, h.since
from (
    select s.edge, s.chain, s.number, s.stored_at as since,
           lag(s.number) over (partition by s.edge, s.chain order by s.number) as before
    from (
        select f.edge, f.chain, f.number, f.stored_at
        from diode_file f join diode_chain c on (c.edge, c.chain) = (f.edge, f.chain)
        where f.number > c.complete and f.stored_at is not null
        union all
        select edge, chain, complete, null from diode_chain
    ) s
) h
where h.number - h.before > 1;
comment on view diode_gap is 'Numbers that are missing below higher ones, and since when a higher one is there';
