-- name: role
select current_user = %(role)s as is_owner, exists (select from pg_roles where rolname = %(role)s) as present,
       to_regnamespace('scoped') is not null as scoped, to_regnamespace('cut') is not null as cut

-- name: grants
grant usage on schema public to {role};
grant select, insert, update, delete on all tables in schema public to {role};
grant usage, select on all sequences in schema public to {role};
grant execute on function ensure_partition, drop_readings_before, compress_readings to {role};
grant execute on function audit_write, audit_write_all, audit_append, audit_sent, audit_forget to {role};
grant execute on function only_sealed to {role};
revoke insert, update, delete on schema_migration, audit, audit_seal, audit_chain, audit_unsealed, audit_sink from {role};
revoke insert, update, delete on sealed_only from {role};

-- name: grants_scoped
grant usage on schema scoped to {role};
grant select, insert, update, delete on all tables in schema scoped to {role};
grant execute on all functions in schema scoped to {role};

-- name: grants_cut
grant usage on schema cut to {role};
grant select on all tables in schema cut to {role};
grant execute on all functions in schema cut to {role};
