-- name: position_claim
-- In the order of the partitions, so that readers cannot deadlock.
insert into kafka_offset as held (topic, partition, next_offset, epoch)
select topic, partition, next_offset, 1
from unnest(%(topics)s::text[], %(partitions)s::int[], %(offsets)s::bigint[]) as n (topic, partition, next_offset)
order by topic, partition
on conflict (topic, partition) do update set epoch = held.epoch + 1
returning topic, partition, next_offset, epoch

-- name: position_take
-- One row when the claim is the newest and the partition's committed offset was %(start)s (or there was none), or %(end)s already, because this is
-- a repetition of a commit whose answer was lost; it is %(end)s now. No row otherwise.
insert into kafka_offset as held (topic, partition, next_offset, epoch)
values (%(topic)s, %(partition)s, %(end)s, %(epoch)s)
on conflict (topic, partition) do update set next_offset = excluded.next_offset
where held.next_offset in (%(start)s, %(end)s) and held.epoch = %(epoch)s
