-- Rows whose parent is in a row that is skipped, and nowhere else; one round of them.
update device_import i
set bad = true
from device_import above
where not i.bad and above.code = i.parent and above.bad
  and not exists (select from device d where d.code = i.parent)
returning i.line, i.code, i.parent, above.line as above_line
