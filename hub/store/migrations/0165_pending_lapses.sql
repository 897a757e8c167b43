-- What pends of a rule, and what waits for it, is forgotten when it watches something else or is off, also where nobody runs
-- who would see that: a rule that watches again what it did begins anew.
create function forget_pending() returns trigger language plpgsql as $$
begin
    delete from rule_pending where rule_id = new.id;
    delete from expression_judged where rule_id = new.id;
    return null;
end $$;
create trigger forget_pending after update on rule for each row
    when (not new.enabled or (old.profile_id, old.metric, old.signal, old.expression, old.flagged)
          is distinct from (new.profile_id, new.metric, new.signal, new.expression, new.flagged))
    execute function forget_pending();
