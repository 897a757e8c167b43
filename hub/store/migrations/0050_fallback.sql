-- Nobody falls through: one consumer gets the red alerts that nobody else gets, or accepts in time.
alter table consumer
    add column fallback boolean not null default false,
    add constraint fallback_is_on check (enabled or not fallback),
    add constraint fallback_answers check (kind not in ('kafka', 'mqtt') or not fallback),
    add constraint fallback_is_of_the_hub check (owner is null or not fallback);
create unique index consumer_fallback on consumer (fallback) where fallback;
comment on column consumer.fallback is 'It gets the red alerts that nobody else gets, or accepts in time';

create function fallback_stays() returns trigger language plpgsql as $$
begin
    raise exception 'the fallback consumer % stays: make another one the fallback first', old.code
        using errcode = 'restrict_violation';
end $$;
create trigger fallback_stays before delete on consumer for each row when (old.fallback)
    execute function fallback_stays();

drop trigger routing on consumer;
create trigger routing after insert or delete or update of code, enabled, owner, filters, fallback on consumer
    for each statement execute function routing_changed();

alter table outbox add column why text check (why in ('unmatched', 'unaccepted'));
create or replace view scoped.outbox as
select o.* from public.outbox o where exists (select from scoped.alert a where a.id = o.alert_id);
comment on column outbox.why is 'Why the fallback consumer gets it; null: by a filter';

create table alert_fallback (
    alert_id uuid primary key references alert on delete cascade,
    seq int not null,
    due_at timestamptz,
    why text check (why in ('unmatched', 'unaccepted'))
);
create index alert_fallback_due on alert_fallback (due_at) where due_at is not null;
comment on table alert_fallback is 'Red alerts, and whether the fallback consumer gets them';
comment on column alert_fallback.seq is 'The change by which it became red';
comment on column alert_fallback.due_at is 'By when somebody is to have accepted it; null: decided';
comment on column alert_fallback.why is 'Why the fallback consumer gets this and all that follows; null: it does not';
