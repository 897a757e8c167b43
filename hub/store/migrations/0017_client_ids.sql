-- Client ids belong to accounts, and the hub's own cannot be guessed: docs/adr/0014.

alter table credential add column bound boolean not null default false;
comment on column credential.bound is 'Whether its account may use no client id but its user name; false: issued before';

-- Only rows are written that a hub needs: one a session name, by the first process that connects with it.
create table mqtt_session (
    name text primary key,       -- mqtt.client_id, shared by the hubs of which one holds the session
    client_id text not null,
    handed_over boolean not null default false,
    held_at timestamptz,
    lost_at timestamptz,
    lost_since timestamptz,
    taken_over_at timestamptz
);
comment on table mqtt_session is 'Sessions of the hub with the message broker, by mqtt.client_id';
comment on column mqtt_session.client_id is 'What it logs in with: the name and a random end, so that nobody can guess it';
comment on column mqtt_session.handed_over is 'Whether the session of older versions, named as the name itself, is drained and ended';
comment on column mqtt_session.held_at is 'When a process last had the session, written every few seconds; null: the broker never confirmed it';
comment on column mqtt_session.lost_at is 'When the broker last did not know the session any more; what it accepted since lost_since may be lost';
comment on column mqtt_session.taken_over_at is 'When another client was last seen to use the client id';
