-- What decodes the payloads that networks and platforms carry for devices of a profile.
alter table profile add column payload text check (payload ~ '^[a-z0-9][a-z0-9-]{0,63}$');
comment on column profile.payload is
    'The codec of what a network or platform carries for the device as it is (milesight, cayenne, ...); null: none';
