copy truth_event (device, id, kind, state, ts_us) from stdin (format csv, header true)
