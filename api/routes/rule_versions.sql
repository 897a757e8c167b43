-- name: versions
-- The newest first, each with the one before it, or with another that is named: null where there is none. Bodies as the API
-- takes them, with the codes of profiles; `who` for those who may know it.
with told as (
    select v.rule_id, v.version, v.at, coalesce(who.name, v.changed_by) as who,
           v.body - '{profile_id,event_level,organisation,region,tag,devices}'::text[] || jsonb_build_object(
               'profile', (select code from profile p where p.id = (v.body ->> 'profile_id')::int),
               'level', (array['blue', 'yellow', 'orange', 'red'])[(v.body ->> 'event_level')::int],
               'scope', nullif(jsonb_strip_nulls(jsonb_build_object(
                   'organisation', v.body -> 'organisation', 'region', v.body -> 'region', 'tag', v.body -> 'tag',
                   'devices', case jsonb_typeof(v.body -> 'devices') when 'array' then (
                       select coalesce(jsonb_agg(d.code order by d.code), '[]') from device d
                       where d.id in (select e.id::int from jsonb_array_elements_text(v.body -> 'devices') e (id))) end
               )), '{}')) as body
    from rule_version v
    join rule r on r.id = v.rule_id
    left join principal who on v.changed_by = 'principal:' || who.id
    where r.code = %(code)s
)
select t.version, t.at, case when %(named)s then t.who end as by, t.body, o.body as other
from told t
left join told o on o.version = coalesce(%(against)s, t.version - 1)
where (%(version)s::int is null or t.version = %(version)s)
  and (%(after_version)s::int is null or t.version < %(after_version)s)
order by t.version desc
limit %(limit)s
