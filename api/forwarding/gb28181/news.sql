-- name: read
select channel, online, content from forward_channel where target_id = %(target)s

-- name: put
insert into forward_channel (target_id, channel, online, content)
select %(target)s, n.channel, n.online, n.content
from unnest(%(channels)s::text[], %(online)s::boolean[], %(contents)s::text[]) as n (channel, online, content)
on conflict (target_id, channel) do update set online = excluded.online, content = excluded.content

-- name: drop
delete from forward_channel where target_id = %(target)s and channel = any (%(channels)s)
