-- An alert has two axes: its condition, which is active until cleared_at, and its handling by people.
-- The pairs that may follow each other stand in hub/alerts/transitions.py, and hub/alerts/apply.py is the one writer.

drop function alert_apply(uuid, uuid, text, timestamptz, text, text, int, text, int, int, text, int, float8, float8);
drop function alert_picture(alert);
drop index alert_active;

alter table alert add column handling text;
update alert set handling = case state when 'cleared' then 'open' else state end;
alter table alert drop column state;
alter table alert
    alter column handling set not null,
    add constraint alert_handling check (handling in
        ('open', 'acknowledged', 'dispatched', 'handled', 'verified', 'closed', 'false_alarm', 'merged')),
    -- Both axes as one word, as consumers know it.
    add column state text not null generated always as
        (case when handling = 'open' and cleared_at is not null then 'cleared' else handling end) stored;

-- At most one active alert for a rule and target; one that a desk has ended makes room for the next.
create unique index alert_active on alert (rule_id, target)
    where cleared_at is null and handling not in ('closed', 'false_alarm', 'merged');
-- Those whose condition lasts, ended by a desk or not: few, and read at each start.
create index alert_uncleared on alert (device_id) where cleared_at is null;

alter table alert_change drop constraint alert_change_kind_check;
alter table alert_change add constraint alert_change_kind check (kind in
    ('raised', 'updated', 'cleared', 'acknowledged', 'dispatched', 'handled', 'verified', 'closed', 'false_alarm',
     'merged'));

-- Changes that ended the handling of an alert while its condition lasted: the stage that decides hears of them as a
-- message of their device. A row is deleted once that message is committed.
create table alert_ending (change_id uuid primary key references alert_change (id));

-- Null takes alerts of every organisation, and of devices of every category of profile.
alter table consumer
    add column organisation text references organisation,
    add column category text;
