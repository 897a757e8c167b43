-- States that switch a guard off (失防), by device and part, and when one lasted too long (devices/guards).
alter table profile add column guards jsonb not null default '{}' check (jsonb_typeof(guards) = 'object');
comment on column profile.guards is 'Seconds that each such state may last, where not as in the settings; null: any';

create table guard_off (
    device_id int not null references device on delete cascade,
    part text not null,
    kind text not null,
    since timestamptz not null,
    over_at timestamptz,
    told boolean not null default false,
    primary key (device_id, part, kind)
) with (fillfactor = 70);
create index on guard_off (since) where over_at is null;
comment on table guard_off is 'The newest state of each kind that switched a guard off';
comment on column guard_off.part is 'A metric, where flags of readings told it; empty: the device as a whole';
comment on column guard_off.over_at is 'Since when it is on again; null: it is off';
comment on column guard_off.told is 'Whether an alert was raised because it lasted too long';

create view scoped.guard_off as
select g.* from public.guard_off g where exists (select from scoped.device d where d.id = g.device_id);
