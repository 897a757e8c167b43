-- What a threshold rule watches of its metric (docs/DETECTION.md).
alter table rule add column signal text not null default 'value'
    check (signal in ('value', 'score', 'rate', 'residual', 'gap'));
comment on column rule.signal is 'What a rule on a metric watches: its value, or what detection says of it';
