-- What flaps is forgotten with its rule and device; of events of danger nothing flaps (hub/danger.py).
delete from rule_flap f using rule r where r.id = f.rule_id and (not r.enabled or r.event_kind in (
    'fire', 'smoke', 'heat', 'gas_leak', 'flood', 'water_immersion', 'leakage_current', 'manual_alarm', 'tamper',
    'crowd', 'intrusion', 'line_crossing', 'tilt', 'cover_open', 'other'));
delete from rule_flap f using device d where d.id = f.device_id and d.state = 'retired';

create function forget_flaps() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'rule' then
        delete from rule_flap where rule_id = new.id;
    else
        delete from rule_flap where device_id = new.id;
    end if;
    return null;
end $$;
create trigger forget_flaps after update on rule for each row
    when (old.enabled and (not new.enabled or (old.event_kind, old.metric, old.profile_id)
          is distinct from (new.event_kind, new.metric, new.profile_id)))
    execute function forget_flaps();
create trigger forget_flaps after update on device for each row
    when (old.state <> 'retired' and new.state = 'retired')
    execute function forget_flaps();
