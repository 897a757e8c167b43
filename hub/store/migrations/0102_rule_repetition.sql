-- How often a kind of event must happen before a rule raises an alert, and how soon it may raise another at that device.
alter table rule
    add column count int not null default 1 check (count between 1 and 100),
    add column within_s float8 check (within_s > 0 and within_s <= 86400),
    add column cooldown_s float8 not null default 0 check (cooldown_s between 0 and 86400),
    add constraint rule_repetition check (event_kind is not null or (count = 1 and cooldown_s = 0)),
    add constraint rule_within check ((count > 1) = (within_s is not null));
comment on column rule.count is 'So many events of the kind within within_s raise an alert';
comment on column rule.cooldown_s is 'So long after an alert of a device the rule raises no other there';
