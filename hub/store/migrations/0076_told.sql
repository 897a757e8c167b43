-- Who was told of an alert: read with each change of it, from one row and not from all of its deliveries.
create table alert_told (
    alert_id uuid primary key references alert on delete cascade,
    consumers int[] not null
);
comment on table alert_told is 'Who was told of an alert, and hears how it goes on';
comment on column alert_told.consumers is 'Ids of consumers, of which something was sent, or is to be, or who follow the log';
insert into alert_told
select told.alert_id, array_agg(distinct told.consumer_id)
from (
    select o.alert_id, o.consumer_id
    from outbox o
    where o.change_id is not null
      and (o.silence_id is null and o.quiet_until is null and o.inhibited_by is null
           or o.state in ('pending', 'delivered'))
    union all
    select c.alert_id, taker.id
    from alert_change c
    cross join lateral unnest(c.recipients) as taker (id)
    where not exists (
        select from outbox o
        where o.consumer_id = taker.id and o.alert_id = c.alert_id
          and (o.silence_id is not null or o.quiet_until is not null or o.inhibited_by is not null)
          and o.state not in ('pending', 'delivered'))
) told
join alert a on a.id = told.alert_id
group by told.alert_id;
create view scoped.alert_told as
select t.* from public.alert_told t where exists (select from scoped.alert a where a.id = t.alert_id);

-- Asked for each delivery that is claimed while summaries wait: by the changes of its alert, not by those of the storm.
create or replace function waits_for_summary(p_consumer int, p_alert uuid, p_seq int) returns boolean
language sql stable parallel safe as $$
    select exists (
        select from public.alert_change h
        where h.alert_id = p_alert and h.seq < p_seq and p_consumer = any (h.grouped)
          and exists (select from public.outbox s
                      where s.consumer_id = p_consumer and s.until_cursor is not null and s.state = 'pending'
                        and s.after_cursor < h.cursor and h.cursor <= s.until_cursor)
          and not exists (select from public.outbox o
                          where o.consumer_id = p_consumer and o.alert_id = h.alert_id and o.seq = h.seq))
$$;

-- A hub without a broker is not a broken one: rounds of the path watch begin at the broker once there was one.
alter table path_round add column broker_at timestamptz;
comment on column path_round.broker_at is 'When a round first began at a broker; null: never, they begin in the queue of posts';
update path_round set broker_at = published_at;
