-- Also when a rule is on again: a worker that had not heard that it was off may have noted what pends after that was
-- forgotten. In the order in which workers note it, so that neither waits for the other.
create or replace function forget_pending() returns trigger language plpgsql as $$
begin
    delete from rule_pending where (rule_id, series_id) in (
        select rule_id, series_id from rule_pending where rule_id = new.id order by series_id for update);
    delete from expression_judged where (rule_id, series_id) in (
        select rule_id, series_id from expression_judged where rule_id = new.id order by series_id for update);
    return null;
end $$;
drop trigger forget_pending on rule;
create trigger forget_pending after update on rule for each row
    when ((old.enabled, old.profile_id, old.metric, old.signal, old.expression, old.flagged)
          is distinct from (new.enabled, new.profile_id, new.metric, new.signal, new.expression, new.flagged))
    execute function forget_pending();
