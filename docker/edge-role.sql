-- What an edge with sessions of its own (TCP, SIP, polling) may do in the database: see docs/adr/0012. Run it as the
-- owner of the tables after `hub migrate`, with a password of your own; docs/ARCHITECTURE.md says what the edge does
-- while the database is away.

create role ganzhi_edge login password :'password' connection limit 20;
grant usage on schema public to ganzhi_edge;

-- who the devices are, and what they may show when they connect
grant select on device, device_address, profile, code_table, series, credential, station_password, organisation,
    region, maintenance to ganzhi_edge;

-- who has a device's session, and the commands that go through it
grant select, insert, update, delete on session_holder to ganzhi_edge;
grant select, insert, update on session to ganzhi_edge;
grant usage on sequence session_epoch to ganzhi_edge;
grant select on command, device_control to ganzhi_edge;
grant update (taken_at, taken_by, epoch, sent_at, state, settled_at, error) on command to ganzhi_edge;
