-- name: position_take
-- One row when the partition's committed offset was %(start)s (or there was none), or %(end)s already, because this is
-- a repetition of a commit whose answer was lost; it is %(end)s now. No row otherwise.
insert into kafka_offset as held (topic, partition, next_offset)
values (%(topic)s, %(partition)s, %(end)s)
on conflict (topic, partition) do update set next_offset = excluded.next_offset
where held.next_offset in (%(start)s, %(end)s)
