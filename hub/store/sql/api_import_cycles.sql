-- Devices of an import that are their own ancestor.
with recursive up (start_id, id, depth) as (
    select d.id, d.parent_id, 1 from device d where d.code = any (%(codes)s) and d.parent_id is not null
    union all
    select up.start_id, d.parent_id, up.depth + 1
    from up join device d on d.id = up.id
    where d.parent_id is not null and up.id <> up.start_id and up.depth < 64
)
select distinct d.code from up join device d on d.id = up.start_id where up.id = up.start_id
