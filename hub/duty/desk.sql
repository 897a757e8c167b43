-- name: click
insert into desk_presence (principal_id, clicked_at, clicked_until)
values (%(id)s, clock_timestamp(), clock_timestamp() + make_interval(secs => %(interval_s)s))
on conflict (principal_id) do update set clicked_at = excluded.clicked_at, clicked_until = excluded.clicked_until

-- name: stream
-- Who has clicked lately is present, and this minute of the hour is kept.
with proven as (
    insert into desk_presence (principal_id, streamed_until)
    select id, clock_timestamp() + make_interval(secs => %(lasts_s)s) from unnest(%(ids)s::uuid[]) as t (id)
    on conflict (principal_id) do update set streamed_until = excluded.streamed_until
    returning principal_id, clicked_until
)
insert into desk_hour (hour, principal_id, minutes)
select date_trunc('hour', now(), 'UTC'), principal_id, 1::bigint << extract(minute from now() at time zone 'UTC')::int
from proven
where clicked_until > now()
on conflict (hour, principal_id) do update set minutes = desk_hour.minutes | excluded.minutes
where desk_hour.minutes & excluded.minutes = 0

-- name: keep
-- Those that were proven together last, before the hub ended.
update desk_presence
set streamed_until = greatest(streamed_until, clock_timestamp() + make_interval(secs => %(back_s)s))
where streamed_until > clock_timestamp() - make_interval(secs => %(away_s)s)
  and streamed_until > (select max(streamed_until) from desk_presence) - make_interval(secs => %(proven_s)s)
