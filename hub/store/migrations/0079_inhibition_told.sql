-- An alert keeps back what follows from it only from those who were told of it.
create function told_of(p_alert uuid) returns setof int language sql stable parallel safe as $$
    select distinct taker.id
    from public.alert_change h
    cross join lateral (
        select o.consumer_id as id
        from public.outbox o
        where o.change_id = h.id and o.state in ('pending', 'delivered', 'inhibited')
        union all
        select g.id
        from unnest(h.grouped) as g (id)
        where not exists (select from public.outbox o where o.change_id = h.id and o.consumer_id = g.id)
          and not exists (select from public.outbox s
                          where s.consumer_id = g.id and s.until_cursor is not null and s.state = 'given_up'
                            and s.after_cursor < h.cursor and h.cursor <= s.until_cursor)
    ) taker
    where h.alert_id = p_alert
$$;
comment on function told_of is
    'Ids of consumers that have accepted something of an alert, are owed it, or are told of it in a summary';

drop function inhibiting(int, text);
create function inhibitors(p_parent int, p_kind text) returns uuid[] language sql stable parallel safe as $$
    select array_agg(a.id order by a.raised_at, a.id)
    from public.alert a
    left join public.rule r on r.id = a.rule_id
    left join public.series s on s.id = a.series_id
    where a.device_id = p_parent and a.cleared_at is null and a.handling not in ('closed', 'false_alarm', 'merged')
      and a.drill_id is null
      and exists (select from public.inhibition i
                  where i.enabled and p_kind = any (i.kinds)
                    and (coalesce(r.event_kind, a.event_kind) = any (i.parent_kinds)
                         or s.metric = any (i.parent_metrics)))
$$;
comment on function inhibitors is
    'The alerts of a parent that inhibit a kind of event of the devices behind it, the oldest first; null: none';
