-- name: heard
-- A pause that is longer than may be is a gap of each device, and is not learned from.
with before as (
    select code, platform, heard_at, push_asked(api_url, api_secret) as asked,
           push_limit(rhythm_s, longest_s, longest_before_s, pushes) as limit_s
    from push_subscription where code = %(code)s for update
), gap as (
    select code, platform, asked, heard_at as from_at, %(first)s::timestamptz as to_at from before
    where %(first)s::timestamptz - heard_at > make_interval(secs => limit_s)
), told as (
    insert into push_gap (device_id, subscription, from_at, to_at, state)
    select a.device_id, g.code, g.from_at, g.to_at, case when g.asked then 'waits' else 'open' end
    from gap g
    join push_sender s on s.subscription = g.code
    join device_address a on (a.scheme, a.address) = (push_scheme(g.platform), s.address)
    join device d on d.id = a.device_id and d.state = 'active'
    on conflict do nothing
)
update push_subscription p
set heard_at = greatest(p.heard_at, %(last)s), pushes = p.pushes + %(pushes)s,
    longest_before_s = case when p.day < current_date then greatest(p.longest_s, 0.8 * p.longest_before_s)
                       else p.longest_before_s end,
    longest_s = greatest(case when p.day = current_date then p.longest_s else 0 end,
                         case when not exists (select from gap) then %(longest)s::float8 end, 0),
    back_at = coalesce((select max(to_at) from gap), p.back_at), day = current_date
from before b where p.code = b.code
