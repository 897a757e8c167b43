-- name: reading_retain
with replaced as (delete from reading_replaced where ts < now() - make_interval(days => %(days)s)),
    contents as (delete from event_replaced where replaced_at < now() - make_interval(days => %(days)s))
select drop_readings_before(now() - make_interval(days => %(days)s))
