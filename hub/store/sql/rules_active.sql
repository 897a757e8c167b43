-- The active alerts: those whose condition has not ended. Times in microseconds.
select rule_id, device_id, series_id, id, level, (extract(epoch from changed_at) * 1000000)::bigint
from alert
where cleared_at is null
