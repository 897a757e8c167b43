-- A holder whose machine has vanished is noticed within half a minute, not after the system's two hours.
select set_config('tcp_keepalives_idle', '10', false),
       set_config('tcp_keepalives_interval', '5', false),
       set_config('tcp_keepalives_count', '4', false)
