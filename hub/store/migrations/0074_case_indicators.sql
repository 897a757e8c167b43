-- What is counted of cases, and by which definitions a city reads its figures.
create function case_counts(
    stage text, reported_at timestamptz, accepted_at timestamptz, filed_at timestamptz, dispatched_at timestamptz,
    closed_at timestamptz, closed_how text, ended_at timestamptz, due_at timestamptz, returned int, reworked int,
    extended int, suspended int, suspended_at timestamptz, supervised int, now_at timestamptz
) returns table (what text, at timestamptz) language sql immutable parallel safe as $$
    values ('reported', $2),
           ('accepted', $3),
           ('rejected', case when $1 = 'rejected' then $8 end),
           ('merged', case when $1 = 'merged' then $8 end),
           ('self_handled', case when $7 = 'self_handled' then $6 end),
           ('filed', $4),
           ('extended', case when $12 > 0 then $4 end),
           ('suspended', case when $13 > 0 then $4 end),
           ('suspended_now', case when $14 is not null then $4 end),
           ('supervised', case when $15 > 0 then $4 end),
           ('dispatched', $5),
           ('dispatched_right', case when $10 = 0 then $5 end),
           ('closed', $6),
           ('closed_after_dispatch', case when $7 = 'handled' then $6 end),
           ('closed_after_rework', case when $7 = 'handled' and $11 > 0 then $6 end),
           ('due', case when $6 is not null or ($8 is null and $9 <= $16) then $9 end),
           ('due_closed', case when $6 is not null then $9 end),
           ('closed_in_time', case when $6 <= $9 then $9 end),
           ('closed_late', case when $6 > $9 then $9 end),
           ('overdue_open', case when $8 is null and $9 <= $16 then $9 end)
$$;
comment on function case_counts is
    'In which counts a case is, at the last argument, and the time by which it belongs to a period; null: it is not in it';

create table indicator_set (
    code text primary key check (code ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
    name text not null check (name <> ''),
    indicators jsonb not null
);
comment on table indicator_set is 'Definitions of indicators of cases, as a city reads them';
comment on column indicator_set.indicators is 'A list of {code, zh, en, numerator, denominator}: sums and differences of counts';

insert into indicator_set values
('standard', '数字化城市管理常用指标', '[
    {"code": "filing_rate", "zh": "立案率", "en": "filing rate", "numerator": "filed", "denominator": "accepted"},
    {"code": "closing_rate", "zh": "结案率", "en": "closing rate", "numerator": "due_closed", "denominator": "due"},
    {"code": "in_time_rate", "zh": "按期结案率", "en": "in-time closing rate", "numerator": "closed_in_time", "denominator": "due"},
    {"code": "late_rate", "zh": "超期结案率", "en": "late closing rate", "numerator": "closed_late", "denominator": "due"},
    {"code": "overdue_rate", "zh": "超期未结率", "en": "overdue rate", "numerator": "overdue_open", "denominator": "due"},
    {"code": "dispatch_accuracy", "zh": "派遣准确率", "en": "dispatch accuracy", "numerator": "dispatched_right", "denominator": "dispatched"},
    {"code": "rework_rate", "zh": "返工率", "en": "rework rate", "numerator": "closed_after_rework", "denominator": "closed_after_dispatch"},
    {"code": "suspension_rate", "zh": "挂账率", "en": "suspension rate", "numerator": "suspended", "denominator": "filed"},
    {"code": "extension_rate", "zh": "延期率", "en": "extension rate", "numerator": "extended", "denominator": "filed"}
]'),
('district', '某区通报口径', '[
    {"code": "accepted", "zh": "受理数", "en": "accepted", "numerator": "accepted", "denominator": null},
    {"code": "due", "zh": "应结案数", "en": "due", "numerator": "due", "denominator": null},
    {"code": "closed", "zh": "结案数", "en": "closed", "numerator": "due - overdue_open", "denominator": null},
    {"code": "in_time", "zh": "按期结案数", "en": "closed in time", "numerator": "closed_in_time", "denominator": null},
    {"code": "closing_rate", "zh": "结案率", "en": "closing rate", "numerator": "due - overdue_open", "denominator": "due"},
    {"code": "in_time_rate", "zh": "按期结案率", "en": "in-time closing rate", "numerator": "closed_in_time", "denominator": "due"}
]');

-- A case may be merged into one that is reported in the same transaction.
alter table case_file alter constraint case_file_merged_into_fkey deferrable initially deferred;

-- A figure's list is in the order of the time by which its cases are counted.
create index case_file_accepted on case_file (accepted_at, id);
create index case_file_filed on case_file (filed_at, id);
create index case_file_dispatched on case_file (dispatched_at, id);
create index case_file_ended on case_file (ended_at, id);
