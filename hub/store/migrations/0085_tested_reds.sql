-- What turns red at a device under test goes to the fallback consumer, marked as a drill: a fire may be real.
alter table outbox
    drop constraint outbox_why_check,
    add constraint outbox_why_check check (why in ('unmatched', 'unaccepted', 'escalated', 'tested'));
alter table alert_fallback
    drop constraint alert_fallback_why_check,
    add constraint alert_fallback_why_check check (why in ('unmatched', 'unaccepted', 'tested'));
