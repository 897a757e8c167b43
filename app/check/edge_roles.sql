-- name: lacking
-- Of each role that edges connect as, as a statement names it: what docker/edge-role.sql grants and it does not have, right by right.
with edge as (
    select r.oid, r.rolname
    from pg_roles r
    where r.rolcanlogin and not r.rolsuper
      and has_table_privilege(r.oid, 'public.session_holder', 'insert')
      and not has_table_privilege(r.oid, 'public.reading', 'insert')
), wanted (needed, things) as (
    values ('select', array['device', 'device_address', 'profile', 'code_table', 'series', 'credential', 'station_password',
                            'organisation', 'region', 'maintenance', 'session_holder', 'session', 'command', 'device_control']),
           ('insert', array['session_holder', 'session']),
           ('update', array['session_holder', 'session']),
           ('delete', array['session_holder'])
), lacks as (
    select e.rolname, w.needed, thing
    from edge e, wanted w, unnest(w.things) thing
    where not has_table_privilege(e.oid, 'public.' || thing, w.needed)
    union all
    select e.rolname, 'update (' || string_agg(col, ', ' order by place) || ')', 'command'
    from edge e, unnest(array['taken_at', 'taken_by', 'epoch', 'sent_at', 'state', 'settled_at', 'error'])
             with ordinality c (col, place)
    where not has_column_privilege(e.oid, 'public.command', col, 'update')
    group by e.rolname
    union all
    select e.rolname, 'usage', 'sequence session_epoch'
    from edge e
    where not has_sequence_privilege(e.oid, 'public.session_epoch', 'usage')
)
select quote_ident(rolname), needed, string_agg(thing, ', ' order by thing) as things
from lacks
group by rolname, needed
order by rolname, needed
