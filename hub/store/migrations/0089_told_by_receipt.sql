-- What failed by its receipt has told nobody: it keeps nothing back.
create or replace function told_of(p_alert uuid) returns setof int language sql stable parallel safe as $$
    select distinct taker.id
    from public.alert_change h
    cross join lateral (
        select o.consumer_id as id
        from public.outbox o
        where o.change_id = h.id
          and (o.state in ('pending', 'inhibited') or o.state = 'delivered' and o.receipt is distinct from 'failed')
        union all
        select g.id
        from unnest(h.grouped) as g (id)
        where not exists (select from public.outbox o where o.change_id = h.id and o.consumer_id = g.id)
          and not exists (select from public.outbox s
                          where s.consumer_id = g.id and s.until_cursor is not null
                            and (s.state = 'given_up' or s.state = 'delivered' and s.receipt = 'failed')
                            and s.after_cursor < h.cursor and h.cursor <= s.until_cursor)
    ) taker
    where h.alert_id = p_alert
$$;
