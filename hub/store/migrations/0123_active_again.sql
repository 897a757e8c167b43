-- A device that is in use again has its whole time before its silence is told.
alter table device add column active_since timestamptz;
comment on column device.active_since is 'When it became active again, or was accepted; null: it has been active from the beginning';

create function note_active() returns trigger language plpgsql as $$
begin
    new.active_since := now();
    return new;
end $$;
create trigger note_active before update of state on device for each row
    when (new.state = 'active' and old.state <> 'active')
    execute function note_active();

create or replace view scoped.device as
select d.* from public.device d
where d.scope && (select scoped.granted())
  and (d.scope && (select scoped.granted_whole()) or scoped.shared(d.organisation, d.code, null, null))
with local check option;

create or replace view cut.device as
select d.id, d.code, d.name, d.profile_id, d.parent_id, d.organisation, d.region,
       case when u.uncut then d.lon end as lon, case when u.uncut then d.lat end as lat, d.zone,
       case when u.uncut then d.tags else '{}' end as tags, d.state, d.created_at, d.revision, d.area_keys, d.scope,
       d.active_since
from scoped.device d
cross join lateral (select cut.uncut(d.scope, d.organisation, d.code, null, null) as uncut) u;
