-- When threshold alerts last cleared: readings at or before that are known to the rule.
select rule_id, series_id, (extract(epoch from max(cleared_at)) * 1000000)::bigint
from alert
where cleared_at is not null and series_id is not null
group by rule_id, series_id
