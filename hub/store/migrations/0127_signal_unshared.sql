-- Rules on how far a series goes alone: further than ever before, and than its neighbours (docs/DETECTION.md).
alter table rule
    drop constraint rule_signal_check,
    add constraint rule_signal_check check (signal in
        ('value', 'score', 'rate', 'residual', 'gap', 'excess', 'unshared', 'silence', 'flat'));
