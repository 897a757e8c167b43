-- name: positions
select topic, partition, next_offset, timers from kafka_offset

-- name: position_take
-- One row when the partition's committed offset was %(start)s (or there was none), or %(end)s already, because this is
-- a repetition of a commit whose answer was lost; it is %(end)s now. No row otherwise. A batch without messages moves
-- nothing, so it is counted.
insert into kafka_offset as held (topic, partition, next_offset, timers)
values (%(topic)s, %(partition)s, %(end)s, %(timers)s + (%(start)s = %(end)s)::int)
on conflict (topic, partition) do update set next_offset = excluded.next_offset, timers = excluded.timers
where held.next_offset in (%(start)s, %(end)s) and held.timers = %(timers)s
