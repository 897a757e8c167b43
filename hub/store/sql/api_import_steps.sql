-- The life of each device stays readable, whichever way it was changed.
insert into audit (actor, action, subject, detail)
select 'api', 'device.step', i.code,
       jsonb_build_object('from', i.state_before, 'to', i.state, 'note', 'from a sheet')
from device_import i
where i.state_before <> i.state
order by i.line
