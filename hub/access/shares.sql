-- name: use
-- Of some shares those that count now; each is one use more.
with valid as (
    select id from data_share
    where id = any (%(shares)s) and state = 'granted' and (valid_to is null or valid_to > clock_timestamp())
), counted as (
    insert into share_use as u (share_id, day, actor, uses, last_at)
    select id, current_date, %(actor)s, 1, clock_timestamp() from valid
    on conflict (share_id, day, actor) do update set uses = u.uses + 1, last_at = excluded.last_at
)
select id, audit_write(null, %(actor)s, 'share.use', id::text, '{}', %(address)s, null) from valid

-- name: count
-- Rows are locked in their order: several processes do this at once.
insert into share_use as u (share_id, day, actor, uses, last_at)
select n.share_id, current_date, n.actor, n.uses, clock_timestamp()
from unnest(%(shares)s::uuid[], %(actors)s::text[], %(uses)s::bigint[]) as n (share_id, actor, uses)
join data_share s on s.id = n.share_id
order by n.share_id, n.actor
on conflict (share_id, day, actor) do update set uses = u.uses + excluded.uses, last_at = excluded.last_at
