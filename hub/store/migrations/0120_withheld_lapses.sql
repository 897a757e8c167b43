-- What was withheld is not told of a rule that was off meanwhile or finds something else now, nor of a retired device.
create function forget_withheld() returns trigger language plpgsql as $$
begin
    delete from rule_withheld where rule_id = new.id;
    return null;
end $$;
create trigger forget_withheld after update on rule for each row
    when (not new.enabled or (old.event_kind, old.profile_id, old.metric, old.signal, old.expression, old.direction, old.thresholds)
          is distinct from (new.event_kind, new.profile_id, new.metric, new.signal, new.expression, new.direction, new.thresholds))
    execute function forget_withheld();

create function forget_withheld_of_device() returns trigger language plpgsql as $$
begin
    delete from rule_withheld where device_id = new.id;
    return null;
end $$;
create trigger forget_withheld after update of state on device for each row
    when (new.state = 'retired' and old.state <> 'retired')
    execute function forget_withheld_of_device();
