-- name: expire
-- Settles what nobody answered in time. What another process settles, or a reply holds at the moment, is left to it.
update command c
set state = 'timed_out', error = command_timeout(c), settled_at = clock_timestamp()
where c.id in (
    select id from command where settled_at is null and expires_at <= clock_timestamp()
    order by expires_at limit %(batch)s for update skip locked)

-- name: lost
-- Settles what a process had claimed for a network that is gone since: nobody will tell whether the network has it.
update command c
set state = 'failed', error = command_timeout(c), settled_at = clock_timestamp()
where c.id in (
    select id from command
    where settled_at is null and queued_at is null and network is not null
      and taken_at < clock_timestamp() - interval '1 minute'
      and not exists (select from session_holder h where h.id = taken_by)
    limit %(batch)s for update skip locked)

-- name: forget
delete from command where id in (
    select id from command where created_at < now() - make_interval(days => %(days)s) and settled_at is not null
    limit %(batch)s for update skip locked)
