-- An organisation lets another see data of its devices: asked for, granted, counted, revoked at once, ending by itself.

create table data_share (
    id uuid primary key default gen_random_uuid(),
    owner text not null references organisation,
    consumer text not null references organisation check (consumer <> owner),
    purpose text not null,
    kinds text[] not null check (kinds <@ array['devices', 'readings', 'events', 'alerts'] and cardinality(kinds) > 0),
    devices text[],      -- codes; null: all of the owner's
    metrics text[],      -- null: all
    event_kinds text[],  -- null: all
    state text not null default 'asked' check (state in ('asked', 'granted', 'refused', 'revoked', 'withdrawn')),
    valid_to timestamptz,
    note text not null default '',
    asked_by text not null,
    asked_at timestamptz not null default clock_timestamp(),
    decided_by text,
    decided_at timestamptz
);
create index on data_share (owner, asked_at desc);
create index on data_share (consumer, asked_at desc);
create trigger tell after insert or update or delete on data_share for each statement execute function notify_access();
comment on table data_share is 'What organisations let each other see, and what for (跨部门授权)';

create table share_use (
    share_id uuid not null references data_share,
    day date not null,
    actor text not null,
    uses bigint not null,
    last_at timestamptz not null,
    primary key (share_id, day, actor)
);
comment on table share_use is 'How often who used a share on a day (数据调用留痕)';

-- Besides ganzhi.scope, all keys that are granted: those that reach everything of a device, and the shares that are in
-- use, by which less may be seen.
create function scoped.granted_whole() returns text[] language sql stable parallel safe as $$
    select current_setting('ganzhi.whole')::text[]
$$;
create function scoped.shares() returns uuid[] language sql stable parallel safe as $$
    select current_setting('ganzhi.shares')::uuid[]
$$;

-- Whether a share in use reaches a device, and of it a metric or a kind of event if one is given.
create function scoped.shared(p_owner text, p_device text, p_metric text, p_event_kind text) returns boolean
language sql stable parallel safe as $$
    select exists (
        select from public.data_share s
        where s.id = any (scoped.shares()) and s.owner = p_owner
          and (s.devices is null or p_device = any (s.devices))
          and (p_metric is null or s.metrics is null or p_metric = any (s.metrics))
          and (p_event_kind is null or s.event_kinds is null or p_event_kind = any (s.event_kinds)))
$$;

create or replace view scoped.device as
select d.* from public.device d
where d.scope && (select scoped.granted())
  and (d.scope && (select scoped.granted_whole()) or scoped.shared(d.organisation, d.code, null, null))
with local check option;

create or replace view scoped.series as
select s.* from public.series s
where exists (select from public.device d
              where d.id = s.device_id and d.scope && (select scoped.granted())
                and (d.scope && (select scoped.granted_whole())
                     or scoped.shared(d.organisation, d.code, s.metric, null)));

create or replace view scoped.event as
select e.* from public.event e
where exists (select from public.device d
              where d.id = e.device_id and d.scope && (select scoped.granted())
                and (d.scope && (select scoped.granted_whole())
                     or scoped.shared(d.organisation, d.code, null, e.kind)));

create or replace view scoped.alert as
select a.* from public.alert a
where exists (select from public.device d
              where d.id = a.device_id and d.scope && (select scoped.granted())
                and (d.scope && (select scoped.granted_whole())
                     or scoped.shared(d.organisation, d.code,
                                      (select s.metric from public.series s where s.id = a.series_id),
                                      (select r.event_kind from public.rule r where r.id = a.rule_id))));
