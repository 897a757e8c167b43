with history as (
    delete from device_online where at < clock_timestamp() - make_interval(days => %(keep_days)s)
)
delete from completeness where day < current_date - %(keep_days)s::int
