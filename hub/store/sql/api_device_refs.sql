-- What a device refers to, null where it does not exist; and whether its parent hangs below it.
with recursive up (id, parent_id, depth) as (
    select id, parent_id, 1 from device where code = %(parent)s
    union all
    select d.id, d.parent_id, up.depth + 1 from up join device d on d.id = up.parent_id where up.depth < 64
)
select (select id from profile where code = %(profile)s) as profile_id,
       (select id from device where code = %(parent)s) as parent_id,
       exists (select from up join device d using (id) where d.code = %(code)s) as cycle
