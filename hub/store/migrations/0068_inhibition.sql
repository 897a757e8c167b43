-- An alert of a gateway or a pole keeps back what follows from it at the devices behind it.
create table inhibition (
    code text primary key check (code ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
    parent_kinds text[] not null,
    parent_metrics text[] not null,
    kinds text[] not null check (cardinality(kinds) between 1 and 50),
    enabled boolean not null default true,
    changed_at timestamptz not null default clock_timestamp(),
    check (cardinality(parent_kinds) + cardinality(parent_metrics) between 1 and 50),
    constraint danger_is_never_inhibited check (not kinds && array[
        'fire', 'smoke', 'heat', 'gas_leak', 'flood', 'water_immersion', 'leakage_current', 'manual_alarm', 'tamper',
        'crowd', 'intrusion', 'line_crossing', 'tilt', 'cover_open', 'other'])
);
comment on table inhibition is 'Which alerts of a parent (gateway, pole) keep back which alerts of the devices behind it';
comment on column inhibition.parent_kinds is 'Kinds of events of the parent, any of which is enough';
comment on column inhibition.parent_metrics is 'Or metrics of the parent, with an alert of any level';
comment on column inhibition.kinds is 'Kinds of events of the devices behind it';
insert into inhibition (code, parent_kinds, parent_metrics, kinds) values
    ('parent-without-power', '{power_loss}', '{}', '{offline,fault}'),
    ('parent-offline', '{offline}', '{}', '{offline}');

alter table outbox
    add column inhibited_by uuid,
    drop constraint outbox_state_check,
    add constraint outbox_state_check check (
        state in ('pending', 'delivered', 'given_up', 'silenced', 'quiet', 'inhibited'));
comment on column outbox.inhibited_by is 'The alert by which it is, or was, kept back';
create index outbox_inhibited on outbox (inhibited_by) where state = 'inhibited';
create or replace view scoped.outbox as
select o.* from public.outbox o
where o.change_id is null or exists (select from scoped.alert a where a.id = o.alert_id);

-- The alert of a parent that inhibits a kind of event of the devices behind it; of several the oldest.
create function inhibiting(p_parent int, p_kind text) returns uuid language sql stable parallel safe as $$
    select a.id
    from public.alert a
    left join public.rule r on r.id = a.rule_id
    left join public.series s on s.id = a.series_id
    where a.device_id = p_parent and a.cleared_at is null and a.handling not in ('closed', 'false_alarm', 'merged')
      and a.drill_id is null
      and exists (select from public.inhibition i
                  where i.enabled and p_kind = any (i.kinds)
                    and (coalesce(r.event_kind, a.event_kind) = any (i.parent_kinds)
                         or s.metric = any (i.parent_metrics)))
    order by a.raised_at, a.id
    limit 1
$$;
