-- What a threshold rule watches instead of one metric: an expression over several of the device (docs/ALERTS.md).
alter table rule
    add column expression text check (length(expression) between 1 and 2000),
    add column stale_s float8 not null default 900 check (stale_s > 0 and stale_s <= 86400),
    add constraint rule_expression check (expression is null or (metric is not null and signal = 'value'));
comment on column rule.expression is 'In CEL; metric is one of those that it names, which its alerts are about';
comment on column rule.stale_s is 'How old a value may be that the expression is calculated from';
