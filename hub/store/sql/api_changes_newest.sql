select coalesce(max(cursor), 0) from alert_change
