-- name: alert_apply
select alert_apply(
    p_change => %(id)s, p_alert => %(alert_id)s, p_kind => %(kind)s, p_changed_at => %(changed_at)s,
    p_actor => null, p_note => null, p_rule => %(rule_id)s, p_target => %(target)s, p_device => %(device_id)s,
    p_series => %(series_id)s, p_title => %(title)s, p_level => %(level)s, p_value => %(value)s,
    p_threshold => %(threshold)s)

-- name: event_insert
insert into event (id, device_id, ts, received_at, kind, state, level, attributes)
select * from unnest(
    %(id)s::uuid[], %(device_id)s::int[], %(ts)s::timestamptz[], %(received_at)s::timestamptz[], %(kind)s::text[],
    %(state)s::text[], %(level)s::int2[], %(attributes)s::jsonb[])
on conflict do nothing
