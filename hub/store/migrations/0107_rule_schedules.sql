-- When a rule counts, and what it has to say outside of that: kept until it counts again, or it is over.
alter table rule
    add column schedule jsonb check (jsonb_typeof(schedule) = 'object'),
    add constraint rule_schedule_prompt check (schedule is null or event_kind is null or event_kind not in (
        'fire', 'smoke', 'heat', 'gas_leak', 'water_immersion', 'leakage_current', 'manual_alarm', 'tamper', 'flood'));
comment on column rule.schedule is 'On which days and at what hours it counts, by the clocks of a device: days, hours; null: always';

create table rule_withheld (
    rule_id int not null references rule on delete cascade,
    device_id int not null references device on delete cascade,
    series_id int references series on delete cascade,
    level smallint not null check (level between 1 and 4),
    since timestamptz not null,
    value float8,
    event_id uuid,
    event_at timestamptz,
    received_at timestamptz,
    check ((series_id is null) = (event_id is not null)),
    check ((event_id is null) = (event_at is null) and (event_id is null) = (received_at is null))
);
comment on table rule_withheld is 'Conditions of rules that nobody was told of, because the rule does not count at that time';
comment on column rule_withheld.level is 'What the condition has now; its alert, where there is one, tells less';
comment on column rule_withheld.since is 'Since when the level is above what was told';
comment on column rule_withheld.event_id is 'The event that said so; null: a reading did';
create unique index on rule_withheld (rule_id, device_id, coalesce(series_id, 0));
create index on rule_withheld (device_id);
create index on rule_withheld (series_id);

-- Processes that decide go by the calendar.
create trigger tell after insert or update or delete on calendar_day
    for each statement execute function notify_registry();
