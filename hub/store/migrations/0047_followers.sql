-- Consumers of the kinds kafka and mqtt keep a position in the log of changes, instead of a delivery for each change.
create table alert_position (
    consumer_id int primary key references consumer on delete cascade,
    cursor bigint not null,
    moved_at timestamptz not null default clock_timestamp(),
    failing_since timestamptz,
    last_error text,
    last_error_words jsonb
);

-- A new one begins with the next change: what is being committed now has a higher cursor than any that is seen here.
create function begin_alert_position() returns trigger language plpgsql as $$
begin
    insert into alert_position (consumer_id, cursor)
    select new.id, coalesce((select max(cursor) from alert_change), 0)
    on conflict do nothing;
    return null;
end
$$;
create trigger begin_alert_position after insert or update of kind on consumer
    for each row when (new.kind in ('kafka', 'mqtt')) execute function begin_alert_position();

-- Who gets a change, as it was routed when it was committed; null: before there was this column.
alter table alert_change add column recipients int[];
create or replace view scoped.alert_change as
select c.* from public.alert_change c where exists (select from scoped.alert a where a.id = c.alert_id);

comment on column alert_change.recipients is 'Ids of the consumers that get it';
comment on table alert_position is 'How far consumers that follow the log of alert changes (kafka, mqtt) have confirmed it';
comment on column alert_position.cursor is 'Of the newest change that it has confirmed, or that is not for it';
comment on column alert_position.failing_since is 'Since when nothing is confirmed; null: the last attempt was';
