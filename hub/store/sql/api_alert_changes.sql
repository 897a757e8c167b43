select cursor, seq, kind, at, actor, note, (picture ->> 'level') as level, (picture ->> 'state') as state,
       (picture ->> 'value')::float8 as value
from alert_change
where alert_id = %(id)s
order by seq
