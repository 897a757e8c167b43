-- name: facts
-- What a hub needs of a database before it reads from it; all of it is told to any role. An extension that is
-- preloaded has its settings in pg_settings; shared_preload_libraries itself is not for every role's eyes.
select to_regclass('schema_migration') is not null as made,
       exists (select from pg_extension where extname = 'timescaledb') as has_timescaledb,
       exists (select from pg_settings where name = 'timescaledb.disable_load') as preloaded,
       pg_is_in_recovery() as standby,
       current_setting('default_transaction_read_only') = 'on' as read_only

-- name: migrations
select version, mode from schema_migration

-- name: unwritable
-- Of the tables that each hub writes, those that this role may not. Not of the audit: devices are heard without it.
select array_agg(name) as names, current_user as role
from unnest(array[
    'alert', 'dead_letter', 'device', 'device_flood', 'device_unused', 'event', 'latest', 'latest_note',
    'mqtt_session', 'reading'
]) as name
where not has_table_privilege(name, 'insert')
