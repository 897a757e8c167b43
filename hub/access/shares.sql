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
