-- name: expire
-- The oldest letters that are past their days, or beyond the number that is kept; as many as one batch may take. What
-- waits for a device of a platform to be accepted was acknowledged and has a limit of its own: other letters, however many,
-- do not displace it.
delete from dead_letter
where id in (
    select id from dead_letter
    where received_at < greatest(
        now() - make_interval(days => %(days)s),
        (select received_at from dead_letter order by received_at desc, id offset %(keep)s - 1 limit 1))
      and (received_at < now() - make_interval(days => %(days)s)
           or not (transport = 'push' and reason = 'unknown_device'))
    order by received_at
    limit %(batch)s
    for update skip locked
)

-- name: forget
-- Counts go with their letters; a process that has not committed for a day has no commit that it could try again.
with turns as (
    delete from commit_turn where at < now() - interval '1 day'
)
delete from dead_letter_count where minute < now() - make_interval(days => %(days)s)
