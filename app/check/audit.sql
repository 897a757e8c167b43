-- name: rights
-- A role that is the owner's, or may become it, or is a superuser, stands over all rights.
select current_user::text as role,
       (select rolsuper from pg_roles where rolname = current_user)
           or pg_has_role((select relowner from pg_class where oid = 'audit'::regclass), 'member') as over_all,
       has_function_privilege('audit_write(timestamptz, text, text, text, jsonb, text, uuid)', 'execute') as may_write,
       (select array_agg(name order by name)
        from unnest(array['audit', 'audit_seal', 'audit_chain', 'audit_unsealed', 'audit_sink']) as name
        where has_table_privilege(name, 'insert, update, delete, truncate, trigger')) as may_change

-- name: waiting
select (select count(*) from audit_unsealed u join audit a on a.id = u.audit_id where a.at < now() - interval '1 minute'),
       (select head_seq from audit_chain)
           - coalesce((select sent_seq from audit_sink where name = 'syslog'), (select begins_after from audit_chain))
