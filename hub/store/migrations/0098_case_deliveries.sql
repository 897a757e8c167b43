-- Changes of cases for consumers that want them: made in the transaction of the step, sent as deliveries of their own.
alter table consumer
    add column cases jsonb check (jsonb_typeof(cases -> 'filters') = 'array'),
    add column case_system text references outside_system;
comment on column consumer.cases is 'Which changes of cases it gets: {filters, any of which is enough, steps or null for all}; null: none';
comment on column consumer.case_system is 'The outside case system that it is: it gets the cases that this has told of, in its words, and not its own steps';

alter table outside_system add column tells jsonb not null default '{}';
comment on column outside_system.tells is 'Its words for what the hub tells it, where states and categories have none or several: {states: by stage or step, categories: by kind:code}';

create table case_delivery (
    id bigint generated always as identity primary key,
    case_id uuid not null references case_file on delete cascade,
    consumer_id int not null references consumer on delete cascade,
    seq int not null,
    kind text not null,
    at timestamptz not null,
    picture jsonb not null,
    state text not null default 'pending' check (state in ('pending', 'delivered', 'given_up')),
    attempts int not null default 0,
    made_at timestamptz not null default clock_timestamp(),
    next_at timestamptz not null default clock_timestamp(),
    settled_at timestamptz,
    last_error text,
    last_error_words jsonb,
    unique (consumer_id, case_id, seq)
);
comment on table case_delivery is 'Changes of cases for consumers: at least once, in order per case';
comment on column case_delivery.seq is 'Of the step, in its case';
comment on column case_delivery.at is 'Of the step';
comment on column case_delivery.picture is 'The case after it; what is above the ceiling of its consumer is left out when it is sent';
comment on column case_delivery.made_at is 'When the step was taken here, or when a person asked for it again';
create index on case_delivery (consumer_id, next_at) where state = 'pending';
create index on case_delivery (consumer_id) where state <> 'delivered';
create index on case_delivery (consumer_id, id);
create index on case_delivery (case_id);
