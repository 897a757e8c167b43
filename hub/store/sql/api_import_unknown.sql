-- Names in an import that neither the file nor the database knows.
with given as (
    select * from jsonb_to_recordset(%(rows)s) as r (line int, code text, profile text, parent text)
)
select g.line, 'profile' as "column", g.profile as name
from given g
where not exists (select from profile p where p.code = g.profile)
union all
select g.line, 'parent', g.parent
from given g
where g.parent is not null
  and not exists (select from device d where d.code = g.parent)
  and not exists (select from given other where other.code = g.parent)
order by 1, 2 desc
