-- name: changed
-- The snapshot of this look; the devices that changed since the last one (hub/store/revision.py), packed; and by tag those of
-- them that have it. One row without a tag where none is asked for.
with changed as materialized (
    select id, tags from device
    where cardinality(%(tags)s::text[]) > 0
      and revision >= pg_snapshot_xmin(%(since)s::pg_snapshot)
      and not pg_visible_in_snapshot(revision, %(since)s::pg_snapshot)
      and revision < pg_snapshot_xmax(pg_current_snapshot())
)
select pg_current_snapshot()::text, (select string_agg(int4send(id), '') from changed), t.tag,
       (select string_agg(int4send(c.id), '') from changed c where has_tag(c.tags, t.tag))
from (values (1)) one
left join unnest(%(tags)s::text[]) as t (tag) on true

-- name: having
-- By tag, the devices that have it, packed. Their key is looked for in the index of tags.
select t.tag, string_agg(int4send(d.id), '')
from unnest(%(tags)s::text[]) as t (tag)
left join device d on d.tags ? split_part(t.tag, ':', 1) and has_tag(d.tags, t.tag)
group by t.tag
