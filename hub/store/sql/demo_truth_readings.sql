copy truth_reading (device, metric, ts_us, value) from stdin (format csv, header true)
