select id, max_future_s, metrics from profile
