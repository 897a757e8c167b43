-- Expressions of several metrics of a device are calculated in the order of times: readings wait for other metrics.
create table expression_judged (
    rule_id int references rule on delete cascade,
    series_id int references series on delete cascade,
    until timestamptz not null,
    primary key (rule_id, series_id)
) with (fillfactor = 70);
comment on table expression_judged is
    'Of rules with an expression, by the series that their alerts are about: up to when it is calculated, where readings '
    'wait for other metrics or have done so. One without a row is calculated as far as there are readings';
comment on column expression_judged.until is 'By the times at which readings count (hub/watermark.py)';
