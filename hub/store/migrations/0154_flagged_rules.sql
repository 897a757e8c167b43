-- A rule may look at readings too that are not usable as their quality says: of a fault, of maintenance, of a calibration.
alter table rule
    add column flagged boolean not null default false,
    add constraint rule_flagged check (not flagged or (metric is not null and signal = 'value' and expression is null));
comment on column rule.flagged is
    'Whether it looks at readings with a flag of quality too, but for those that are late, out of range or no number';
