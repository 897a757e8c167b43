-- Quiet hours of a consumer: what is not red is kept back meanwhile, and what still lasts is told when they end.
alter table consumer
    add column quiet jsonb not null default '[]',
    add constraint consumer_quiet_check check (jsonb_typeof(quiet) = 'array' and jsonb_array_length(quiet) <= 20),
    add constraint quiet_is_never_red check (
        jsonb_array_length(jsonb_path_query_array(quiet, '$[*] ? (@.max_level >= 1 && @.max_level <= 3)'))
        = jsonb_array_length(quiet));
comment on column consumer.quiet is 'Hours in which alerts up to a level, never red, are kept back from it';
drop trigger routing on consumer;
create trigger routing after insert or delete or update of code, enabled, owner, filters, fallback, quiet on consumer
    for each statement execute function routing_changed();

alter table outbox
    add column quiet_until timestamptz,
    drop constraint outbox_state_check,
    add constraint outbox_state_check check (state in ('pending', 'delivered', 'given_up', 'silenced', 'quiet'));
comment on column outbox.quiet_until is 'Until then quiet hours keep it, or have kept it, back';
create index outbox_quiet on outbox (quiet_until) where state = 'quiet';
create or replace view scoped.outbox as
select o.* from public.outbox o where exists (select from scoped.alert a where a.id = o.alert_id);
