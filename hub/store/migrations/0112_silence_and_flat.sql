-- Rules on series of which nothing comes, or whose value stays as it is (docs/DETECTION.md).
alter table rule
    drop constraint rule_signal_check,
    add constraint rule_signal_check check (signal in ('value', 'score', 'rate', 'residual', 'gap', 'excess', 'silence', 'flat')),
    add column tolerance float8 not null default 0 check (tolerance >= 0 and tolerance < 'infinity'),
    add constraint rule_tolerance check (signal = 'flat' or tolerance = 0),
    add constraint rule_growing check (
        signal not in ('silence', 'flat') or (direction = 'above' and hysteresis = 0 and hold_s = 0));
comment on column rule.tolerance is 'How far a value may move and still be flat, in its unit';

-- Where each value was when it moved last, as of a reading: a start goes on from there with the readings that came later.
create table rule_flat (
    rule_id int references rule on delete cascade,
    series_id int references series on delete cascade,
    value float8 not null,
    since bigint not null,
    until bigint not null,
    primary key (rule_id, series_id)
) with (fillfactor = 70);
comment on table rule_flat is 'Of rules on flat series, the value from which the series has not moved';
comment on column rule_flat.since is 'When it moved there, microseconds since 1970';
comment on column rule_flat.until is 'The newest reading that is taken into account, microseconds since 1970';

-- A rule that is switched on again, or that watches something else, begins anew.
create function forget_flat() returns trigger language plpgsql as $$
begin
    delete from rule_flat where rule_id = new.id;
    return null;
end $$;
create trigger forget_flat after update on rule for each row
    when (old.signal = 'flat' and (not new.enabled or (old.signal, old.metric, old.profile_id, old.tolerance)
          is distinct from (new.signal, new.metric, new.profile_id, new.tolerance)))
    execute function forget_flat();
