-- An alert keeps back what is of the level at most that its consumer was told of: its own as it is now, as far as he was
-- told of it, or that of the alert that keeps it back from him itself.
create function told_at(p_alert uuid) returns table (consumer int, level int, above uuid)
language sql stable parallel safe as $$
    select taker.id, least(array_position(array['blue', 'yellow', 'orange', 'red'], h.picture ->> 'level'), a.level),
           taker.above
    from public.alert a
    join public.alert_change h on h.alert_id = a.id
    cross join lateral (
        select o.consumer_id as id, case when o.state = 'inhibited' then o.inhibited_by end as above
        from public.outbox o
        where o.change_id = h.id
          and (o.state in ('pending', 'inhibited') or o.state = 'delivered' and o.receipt is distinct from 'failed')
        union all
        select g.id, null
        from unnest(h.grouped) as g (id)
        where not exists (select from public.outbox o where o.change_id = h.id and o.consumer_id = g.id)
          and not exists (select from public.outbox s
                          where s.consumer_id = g.id and s.until_cursor is not null
                            and (s.state = 'given_up' or s.state = 'delivered' and s.receipt = 'failed')
                            and s.after_cursor < h.cursor and h.cursor <= s.until_cursor)
    ) taker
    where a.id = p_alert
$$;
comment on function told_at is
    'The consumers that have accepted a change of an alert, are owed it, or are told of it in a summary; at which level, no '
    'higher than it is now, and the alert that keeps it back';

create function told_levels(p_alert uuid) returns table (consumer int, level int)
language sql stable parallel safe as $$
    with recursive told as (
        select t.consumer, t.level, t.above from public.told_at(p_alert) t
        union
        select further.consumer, further.level, further.above
        from told
        join public.alert above
            on above.id = told.above and above.cleared_at is null
               and above.handling not in ('closed', 'false_alarm', 'merged')
        cross join lateral public.told_at(above.id) further
        where further.consumer = told.consumer
    )
    select told.consumer, max(told.level) from told group by told.consumer
$$;
comment on function told_levels is
    'Who was told of an alert (told_at), or of what keeps it back, and the highest level at which';

drop function told_of(uuid);
