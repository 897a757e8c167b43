-- name: server_facts
select current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit'),
       current_setting('full_page_writes'), (select extversion from pg_extension where extname = 'timescaledb')
