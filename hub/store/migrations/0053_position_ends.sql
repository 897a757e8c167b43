-- A consumer that is told in another way has no position in the log any more: one that follows it again begins anew,
-- instead of being told once more of what it was told meanwhile.
create function end_alert_position() returns trigger language plpgsql as $$
begin
    delete from alert_position where consumer_id = new.id;
    return null;
end
$$;
create trigger end_alert_position after update of kind on consumer
    for each row when (new.kind not in ('kafka', 'mqtt')) execute function end_alert_position();
delete from alert_position where consumer_id in (select id from consumer where kind not in ('kafka', 'mqtt'));
