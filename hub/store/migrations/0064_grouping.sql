-- Storms: beyond a number of changes within a time a consumer is told of further ones in summaries.
alter table consumer add column grouping jsonb check (jsonb_typeof(grouping) = 'object');
comment on column consumer.grouping is 'From how many changes within which time on it is told in summaries, and how often; null: always singly';
drop trigger routing on consumer;
create trigger routing
    after insert or delete or update of code, enabled, owner, filters, fallback, quiet, grouping on consumer
    for each statement execute function routing_changed();

create table alert_grouping (
    consumer_id int primary key references consumer on delete cascade,
    recent timestamptz[] not null,
    position bigint not null,
    due_at timestamptz
);
comment on table alert_grouping is 'Consumers that are told of storms in summaries: whether there is a storm, and what waits';
comment on column alert_grouping.recent is 'When the last changes for it were made, the newest last; as many as it is told singly';
comment on column alert_grouping.position is 'Cursor of alert_change up to which what is grouped for it is in a summary';
comment on column alert_grouping.due_at is 'When the next summary is made; null: nothing waits for one';

-- No row for each consumer and change of a storm: 10,000 alerts for 100 consumers were a million.
alter table alert_change add column grouped int[];
comment on column alert_change.grouped is 'Ids of those recipients that are told of it in a summary';
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
       case when v.uncut then c.note_words end as note_words, c.grouped
from public.alert_change c
join cut.alert_sight v on v.id = c.alert_id;

-- A summary is a delivery of its own: of what is grouped for its consumer after a cursor, until another.
alter table outbox
    alter column change_id drop not null,
    add column after_cursor bigint,
    add column until_cursor bigint,
    add constraint outbox_is_of_a_change_or_a_summary check (
        (change_id is null) = (until_cursor is not null) and (change_id is null) = (after_cursor is not null));
comment on column outbox.after_cursor is 'Of a summary: it names what is grouped for its consumer after this cursor';
comment on column outbox.until_cursor is 'Of a summary: and until this one';
comment on column outbox.alert_id is 'Of a summary: an id of its own';
create index outbox_summary on outbox (consumer_id, until_cursor) where until_cursor is not null;
create or replace view scoped.outbox as
select o.* from public.outbox o
where o.change_id is null or exists (select from scoped.alert a where a.id = o.alert_id);

-- What is told to a consumer in summaries of what was changed after a cursor, until another (null: up to now). What has
-- a delivery of its own by now, because something of its alert had to be sent singly, is not.
create function grouped_for(p_consumer int, p_after bigint, p_until bigint) returns setof alert_change
language sql stable parallel safe as $$
    select h.*
    from public.alert_change h
    where h.cursor > p_after and h.cursor <= coalesce(p_until, 9223372036854775807) and p_consumer = any (h.grouped)
      and not exists (select from public.outbox o
                      where o.consumer_id = p_consumer and o.alert_id = h.alert_id and o.seq = h.seq)
$$;

-- Whether a summary that names an earlier change of the alert is still to be accepted by the consumer.
create function waits_for_summary(p_consumer int, p_alert uuid, p_seq int) returns boolean
language sql stable parallel safe as $$
    select exists (
        select from public.outbox s
        cross join lateral grouped_for(p_consumer, s.after_cursor, s.until_cursor) h
        where s.consumer_id = p_consumer and s.until_cursor is not null and s.state = 'pending'
          and h.alert_id = p_alert and h.seq < p_seq);
$$;
