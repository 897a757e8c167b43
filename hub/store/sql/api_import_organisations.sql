-- Organisations of a sheet that are not there yet.
select i.organisation as code, min(i.line) as line
from device_import i
where i.organisation is not null and not exists (select from organisation o where o.code = i.organisation)
group by i.organisation
order by line
