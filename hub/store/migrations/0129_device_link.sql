-- How networks receive devices, as the newest of their messages tells; for diagnosis.
create table device_link (
    device_id int primary key references device on delete cascade,
    at timestamptz not null,
    session text,
    counter bigint,
    received bigint not null default 0,
    missed bigint not null default 0,
    resets int not null default 0,
    repeats int not null default 0,
    rssi real,
    snr real,
    gateway text,
    gateways int,
    battery real,
    margin real,
    external_power boolean,
    told_at timestamptz,
    note text,
    note_at timestamptz
) with (fillfactor = 70);
comment on table device_link is 'How the network of a device receives it (LoRaWAN)';
comment on column device_link.counter is 'Of the newest frame, within its session';
comment on column device_link.missed is 'Frames that the network did not receive, by their counters';
comment on column device_link.resets is 'How often the counter began anew without a new session';
comment on column device_link.repeats is 'How often a frame came again later, with the same counter';
comment on column device_link.told_at is 'When the device told its battery and margin';
comment on column device_link.note is 'What the network said of it last: an error of its counters, of its join';

create view scoped.device_link as
select h.* from public.device_link h where exists (select from scoped.device d where d.id = h.device_id);
