-- Whose word counts less ends no official warning: it contradicts it, which people see.
alter table warning
    add column trust smallint,
    add column contradicted_by text[] not null default '{}';
update warning w
set trust = (select min(array_position(array['12379', 'cap', 'qweather', 'nmc', 'wolfx'], m.format))
             from warning_message m where m.warning_id = w.id);
update warning set trust = 5 where trust is null;
alter table warning alter column trust set not null;
comment on column warning.trust is 'Of the best form that says it: 1 the platform that issues, on to third parties';
comment on column warning.contradicted_by is 'Sources that say it is over, or updated, and whose word counts less';
create or replace view scoped.warning as
select w.* from public.warning w where warning_concerns(w.regions, (select scoped.places()));

create index on warning_message (warning_id, source, id);
create index on warning_message (warning_id) where content ->> 'type' = 'cancel';

-- Times that lie more than a year ahead are none since they are read so: what was stored before is read the same.
create function pg_temp.without_far(content jsonb) returns jsonb language sql as $$
    select content || coalesce(jsonb_object_agg(name, null), '{}')
    from unnest(array['onset', 'effective', 'expires']) as name
    where (content ->> name)::timestamptz > (content ->> 'sent')::timestamptz + interval '366 days'
$$;
update warning_message set content = pg_temp.without_far(content) where content <> pg_temp.without_far(content);
update warning
set content = pg_temp.without_far(content),
    ends_at = coalesce((pg_temp.without_far(content) ->> 'expires')::timestamptz,
                       greatest(sent, (pg_temp.without_far(content) ->> 'effective')::timestamptz,
                                (pg_temp.without_far(content) ->> 'onset')::timestamptz) + interval '24 hours')
where content <> pg_temp.without_far(content);
