-- What detectors have learned of each series, and levels of rules on signals that pend (docs/DETECTION.md).
create table detector_state (
    series_id int primary key references series on delete cascade,
    state bytea not null
) with (fillfactor = 70);
alter table detector_state alter column state set storage plain;
comment on table detector_state is 'What detectors have learned of each series, as analytics/detection/packed.py packs it';

create table rule_pending (
    rule_id int references rule on delete cascade,
    series_id int references series on delete cascade,
    since bigint[] not null,
    value float8 not null,
    revision xid8 not null,
    primary key (rule_id, series_id)
);
comment on table rule_pending is 'Since when signals have been beyond the levels of a rule, or back from them';
comment on column rule_pending.since is 'By level, microseconds since 1970; 4611686018427387904: it does not pend';
comment on column rule_pending.revision is 'Of the rule: what pends of another one counts no more';
