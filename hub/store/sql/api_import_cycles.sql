-- Devices of a sheet that would be their own ancestor, with what the sheet says going over what is registered.
with recursive up (code, above, depth) as (
    select code, parent, 1 from device_import where code is not null and parent is not null
    union all
    select up.code, case when i.line is not null then i.parent else above.code end, up.depth + 1
    from up
    left join device_import i on i.code = up.above
    left join device d on i.line is null and d.code = up.above
    left join device above on above.id = d.parent_id
    where up.above <> up.code and up.depth < 64
)
select distinct i.line, i.code, i.parent
from up join device_import i using (code)
where up.above = up.code
order by i.line
