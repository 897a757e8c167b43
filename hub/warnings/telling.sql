-- name: tell
-- A consumer gets what concerns the region or area of one of its filters, from its level on (one without a level
-- always), and how what it was told of goes on.
with due as (
    select w.id, w.changed_at, w.told_as, w.told_seq, w.told_digest, w.level, w.regions, w.refers_to, w.content, w.kind,
           w.ends_at, w.sources, w.identifier, w.contradicted_by,
           case when w.type = 'cancel' then 'cancelled'
                when w.ended_as is not null then w.ended_as
                when w.ends_at <= now() or w.listed_by = '{}' then 'expired'
                else 'in_force' end as state,
           md5(jsonb_build_array(w.content -> 'level', w.content -> 'expires', w.content -> 'texts', w.divisions,
                                 w.content -> 'quake')::text || array_to_string(w.contradicted_by, ',')) as digest
    from warning w
    where w.told_at is null or w.told_at < w.changed_at or (w.told_as in ('issued', 'updated') and w.ends_at <= now())
    order by w.sent, w.id
    limit %(limit)s
    for update
), judged as (
    select d.*,
           case when d.content ->> 'status' <> 'actual' then null
                when d.state = 'in_force' and coalesce(d.told_as, 'expired') not in ('issued', 'updated')
                    then case when d.refers_to = '{}' then 'issued' else 'updated' end
                when d.state = 'in_force' and d.told_digest is distinct from d.digest then 'updated'
                when d.state in ('cancelled', 'expired') and d.told_as in ('issued', 'updated') then d.state
           end as told
    from due d
), deliveries as (
    insert into warning_delivery (warning_id, consumer_id, seq, kind, picture)
    select j.id, c.id, j.told_seq + 1, j.told,
           j.content || jsonb_build_object('id', j.id, 'kind', j.kind, 'state', j.state, 'sources', j.sources,
                                           'ends_at', j.ends_at, 'contradicted_by', j.contradicted_by)
    from judged j
    join consumer c on c.warnings and c.enabled
    where j.told is not null
      and (exists (
              select from jsonb_array_elements(c.filters) f
              where (j.level is null or j.level >= coalesce((f ->> 'min_level')::int, 1))
                and (f ->> 'region' is null or warning_concerns(j.regions, array[f ->> 'region']))
                and (f ->> 'area' is null
                     or warning_concerns(j.regions, array(select key_places('/@' || (f ->> 'area')))))
           ) and (c.owner is null or warning_concerns(j.regions, array(select key_places(c.owner || '/'))))
           or exists (
              select from warning_delivery x join warning y on y.id = x.warning_id
              where x.consumer_id = c.id and (y.id = j.id or y.identifier = any (j.refers_to))))
    on conflict (consumer_id, warning_id, seq) do nothing
)
update warning w
set told_at = j.changed_at, told_digest = j.digest, told_seq = j.told_seq + (j.told is not null)::int,
    told_as = case when j.told is not null then j.told
                   when j.state = 'updated' and j.told_as is not null then 'replaced'
                   else j.told_as end
from judged j
where w.id = j.id
