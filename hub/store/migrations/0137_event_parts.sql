-- An event may be at a part of its device; an alert of it is of that part, as its target says: device/kind/part.
alter table event add column part text check (part <> '');
comment on column event.part is 'Of the device that it is at, a path: 1/3/40-217; null: at all of it';
create index event_place_idx on event (kind, device_id, coalesce(part, ''), least(ts, received_at) desc);
create index event_over_idx on event (kind, device_id, coalesce(part, ''), least(ts, received_at) desc)
    where state = 'inactive';
drop index event_newest_idx;

create function alert_part(target text) returns text language sql immutable parallel safe as $$
    select substring(target from '^[^/]*/[^/]*/(.+)$')
$$;
comment on function alert_part is 'Of the target of an alert of events: the part of the device; null: all of it';

create function event_content(kind text, state text, level int2, attributes jsonb, part text) returns jsonb
    language sql immutable parallel safe as $$
    select jsonb_build_array(kind, state, level, attributes)
           || case when part is null then '[]'::jsonb else jsonb_build_array(part) end
$$;
comment on function event_content is 'What makes an event the same one when it is sent again; of whole devices as before there were parts';

alter table rule_withheld add column part text not null default '';
comment on column rule_withheld.part is 'Of the device that the event is at; empty: all of it, or a reading';
drop index rule_withheld_rule_id_device_id_coalesce_idx;
create unique index on rule_withheld (rule_id, device_id, coalesce(series_id, 0), part);
alter table rule_flap add column part text not null default '';
comment on column rule_flap.part is 'As of rule_withheld';
drop index rule_flap_rule_id_device_id_coalesce_idx;
create unique index on rule_flap (rule_id, device_id, coalesce(series_id, 0), part);

-- A view keeps the columns that its table had when it was made.
create or replace view scoped.event as
select e.* from public.event e
where exists (select from public.device d
              where d.id = e.device_id and d.scope && (select scoped.granted())
                and (d.scope && (select scoped.granted_whole())
                     or scoped.shared(d.organisation, d.code, null, e.kind)));

create or replace view cut.event as
select e.id, e.device_id, e.ts, e.received_at, e.kind, e.state, e.level,
       case when cut.uncut(d.scope, d.organisation, d.code, null, e.kind) then e.attributes else '{}' end as attributes,
       e.untimed_id, e.part
from scoped.event e
join public.device d on d.id = e.device_id;
