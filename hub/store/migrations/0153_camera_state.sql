-- The state of cameras: how each was, from when to when, and how long in all until the begin of each day.
create table camera_state (
    device_id int not null references device,
    from_at timestamptz not null,
    to_at timestamptz,
    state text not null check (state in ('sound', 'faulty', 'offline', 'unknown', 'maintained')),
    why text check (length(why) <= 32),
    turn int not null default 1 check (turn > 0),
    primary key (device_id, from_at),
    check (to_at > from_at)
) with (fillfactor = 90);
create index on camera_state (device_id) where to_at is null;
create index on camera_state (to_at);
comment on table camera_state is 'How each camera was, from when to when; as one leader judges from all that is known of it';
comment on column camera_state.to_at is 'Null: it is so';
comment on column camera_state.why is 'What made it offline or faulty when that began';
comment on column camera_state.turn is 'Which one of its day it is';

create table camera_total (
    day date not null,
    device_id int not null references device,
    sound_s int not null default 0,
    faulty_s int not null default 0,
    offline_s int not null default 0,
    unknown_s int not null default 0,
    maintained_s int not null default 0,
    primary key (day, device_id)
);
comment on table camera_total is
    'How many seconds each camera was so until the begin of a day of China: two rows of a camera give any period';

create table camera_gap (
    from_at timestamptz primary key,
    to_at timestamptz not null check (to_at > from_at)
);
comment on table camera_gap is 'When nobody judged how cameras were, because the hub heard nothing: it counts in no figure';

create table camera_watch (
    one boolean primary key default true check (one),
    at timestamptz not null
);
comment on table camera_watch is 'Until when it is known how cameras were';

create view scoped.camera_state as
select s.* from public.camera_state s where exists (select from scoped.device d where d.id = s.device_id);
create view scoped.camera_total as
select t.* from public.camera_total t where exists (select from scoped.device d where d.id = t.device_id);

create view scoped.camera_gap as select g.* from public.camera_gap g;
create view scoped.camera_watch as select w.* from public.camera_watch w;

alter table indicator_set add column about text not null default 'cases' check (about in ('cases', 'cameras'));
comment on column indicator_set.about is 'Of what the counts are';
comment on table indicator_set is 'Definitions of indicators of cases and of cameras, as a city reads them';
insert into indicator_set (code, name, about, indicators) values
('cameras', '视频监控在线率与完好率', 'cameras', '[
    {"code": "online_rate", "zh": "在线率", "en": "online rate", "numerator": "online", "denominator": "watched"},
    {"code": "sound_rate", "zh": "完好率", "en": "sound rate", "numerator": "sound", "denominator": "watched"},
    {"code": "fault_rate", "zh": "在线故障率", "en": "fault rate of those online", "numerator": "faulty", "denominator": "online"}
]') on conflict (code) do nothing;
