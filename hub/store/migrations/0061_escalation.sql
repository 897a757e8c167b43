-- Escalation chains: who is told, step by step, of an alert that nobody takes up. What is due is a row, which one leader
-- takes in the transaction that tells it.
create table chain (
    code text primary key,
    filter jsonb not null,
    steps jsonb not null check (jsonb_array_length(steps) between 1 and 20),
    repeats smallint not null check (repeats between 0 and 20),
    verify_within_s int[] not null check (cardinality(verify_within_s) = 4)
);
comment on table chain is 'Escalation chains: who is told of which alerts that nobody takes up, after how long';
comment on column chain.filter is 'Which alerts, as a filter of a consumer';
comment on column chain.steps is 'In order: seconds of waiting before it, codes of consumers, the rota that must acknowledge';
comment on column chain.repeats is 'How often the last step is repeated';
comment on column chain.verify_within_s is 'By level, blue first: seconds within which what was acknowledged is to go on';
create unique index chain_filter on chain (filter);
create trigger routing after insert or update or delete on chain
    for each statement execute function routing_changed();

create function chain_keeps() returns trigger language plpgsql as $$
declare
    wanted jsonb := case tg_table_name when 'rota' then jsonb_build_object('rota', old.code)
                    else jsonb_build_object('consumers', jsonb_build_array(old.code)) end;
    named text;
begin
    select code into named from chain where steps @> jsonb_build_array(wanted) limit 1;
    if found then
        raise exception 'the % % is named by the chain %: take it out there first', tg_table_name, old.code, named
            using errcode = 'restrict_violation';
    end if;
    return old;
end $$;
create trigger chain_keeps before delete on consumer for each row execute function chain_keeps();
create trigger chain_keeps before delete on rota for each row execute function chain_keeps();

create table escalation (
    alert_id uuid primary key references alert on delete cascade,
    chain text not null references chain on delete cascade,
    round int not null,
    level smallint not null check (level between 1 and 4),
    step int not null,
    state text not null check (state in ('waiting', 'acknowledged', 'stopped', 'exhausted')),
    due_at timestamptz,
    told int[] not null,
    check ((due_at is not null) = (state in ('waiting', 'acknowledged')))
);
comment on table escalation is 'How far each alert is in its escalation chain';
comment on column escalation.round is 'How often the chain has begun: the alert was raised, rose, was reopened';
comment on column escalation.level is 'The level at which it began last';
comment on column escalation.step is 'How many steps were taken in this round';
comment on column escalation.state is 'waiting for a person on duty, acknowledged by one, stopped, exhausted: nobody is left';
comment on column escalation.due_at is 'When the next step is taken';
comment on column escalation.told is 'Ids of the consumers that were told by the chain: they hear how it goes on';
create index escalation_due on escalation (due_at) where due_at is not null;
create index on escalation (chain);
create view scoped.escalation as
select e.* from public.escalation e where exists (select from scoped.alert a where a.id = e.alert_id);

alter table outbox
    drop constraint outbox_why_check,
    add constraint outbox_why_check check (why in ('unmatched', 'unaccepted', 'escalated'));
comment on column outbox.why is 'Why it is told beside the filters: to the fallback consumer, or by a chain; null: by a filter';

alter table alert_change
    add column note_words jsonb,
    drop constraint alert_change_kind,
    add constraint alert_change_kind check (kind in
        ('raised', 'updated', 'cleared', 'acknowledged', 'dispatched', 'handled', 'verified', 'closed', 'false_alarm',
         'merged', 'reopened', 'commented', 'attached', 'assigned', 'shelved', 'unshelved', 'escalated'));
comment on column alert_change.note_words is 'What a note of the hub was made of, to tell it in another language';
create or replace view scoped.alert_change as
select c.* from public.alert_change c where exists (select from scoped.alert a where a.id = c.alert_id);
create or replace view cut.alert_change as
select c.cursor, c.id, c.alert_id, c.seq, c.kind, c.at, case when v.uncut then c.actor end as actor,
       case when v.uncut then c.note end as note,
       case when v.uncut then c.picture
            else (select jsonb_object_agg(field, case
                      when field = any (cut.fields()) or v.measured and field in ('value', 'threshold') then value
                  end) from jsonb_each(c.picture) as fields (field, value))
                 || case when v.measured then '{}'
                         else jsonb_build_object('title', case when c.picture ->> 'drill' = 'true' then '[DRILL] '
                                                               else '' end || v.title) end
       end as picture,
       c.recipients, case when v.uncut then c.principal end as principal,
       case when v.uncut then c.note_words end as note_words
from public.alert_change c
join cut.alert_sight v on v.id = c.alert_id;
