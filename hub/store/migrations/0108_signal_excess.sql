-- Rules may watch how many times as far as ever before a series goes from what it does (docs/DETECTION.md).
alter table rule
    drop constraint rule_signal_check,
    add constraint rule_signal_check check (signal in ('value', 'score', 'rate', 'residual', 'gap', 'excess'));
