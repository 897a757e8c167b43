-- A handover names guards that are off.
alter table handover_item drop constraint handover_item_kind_check;
alter table handover_item add constraint handover_item_kind_check
    check (kind in ('alert', 'case', 'channel', 'offline', 'maintenance', 'test', 'guard', 'silence'));
